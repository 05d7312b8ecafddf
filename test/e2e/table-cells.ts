/** The tables that stand for the tracks' pictures, read cluster by cluster. */
import type { Page } from '@playwright/test';
import { expect, laneNames, rest } from './app.ts';

/** One cluster of a track: its state, its marks, and on the guest's track the layer that owns it. */
export interface Cell {
  readonly state: string;
  readonly marks: readonly string[];
  readonly owner: string;
}

/** Bytes of a cell. */
export const CLUSTER = 65_536;

/** Shows the table of every track by focusing its picture and pressing T, and reads it cluster by cluster. */
export async function cellsOf(page: Page): Promise<Record<string, Cell[]>> {
  const tracks: Record<string, Cell[]> = {};
  const names = await laneNames(page);
  for (const [at, lane] of (await page.locator('[data-track]').all()).entries()) {
    if ((await lane.getAttribute('data-folded')) === 'true') await lane.locator('.eye').click();
    await lane.locator('canvas[data-twin]').focus();
    await page.keyboard.press('t');
    await expect(lane.getByRole('grid')).toBeVisible();
    await expect(lane.getByText(/^\d+ extents? in view$/)).toBeVisible();
    await rest(page);
    const rows = await lane.locator('[role=row][data-start]').evaluateAll(elements =>
      elements.map(element => {
        const { start, length, state, marks, owner } = (element as HTMLElement).dataset;
        return { start: Number(start), length: Number(length), state, marks, owner };
      }),
    );
    const shown = await lane.getByRole('grid').getAttribute('aria-rowcount');
    expect(rows.length, 'every row is rendered').toBe(Number(shown) - 1);
    const cells: Cell[] = [];
    for (const { start, length, state = '', marks = '', owner = '' } of rows) {
      expect(start).toBe(cells.length * CLUSTER);
      const cell = { state, marks: marks.split(' ').filter(Boolean), owner };
      for (let at = 0; at < length; at += CLUSTER) cells.push(cell);
    }
    tracks[names[at] ?? ''] = cells;
  }
  return tracks;
}

/** Cells from a line such as `data|overrides data:mid.qcow2 unallocated*8`: state, owner, marks, count. */
export function cells(line: string): Cell[] {
  return line
    .trim()
    .split(/\s+/)
    .flatMap(word => {
      const [, state = '', owner = '', marks = '', count = '1'] =
        /^(\w+)(?::([^|*]+))?(?:\|([^*]+))?(?:\*(\d+))?$/.exec(word) ?? [];
      return Array.from({ length: Number(count) }, () => ({
        state,
        owner,
        marks: marks.split(',').filter(Boolean),
      }));
    });
}
