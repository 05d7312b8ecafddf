/** Single clusters on a disk of 10 TiB: each is seen in the picture of the whole disk, and one key leads to it. */
import type { Locator } from '@playwright/test';
import type { ChainRecipe } from '../../examples/recipes.mjs';
import { expect, opened, picture, rest, test } from './app.ts';
import { CLUSTER } from './table-cells.ts';

const SIZE = 10 * 2 ** 40;
/** Data in the top over nothing, and zeros in the top over data in the base. */
const DATA = 3 * 2 ** 40 + 9 * CLUSTER;
const HOLE = 7 * 2 ** 40 + 5 * CLUSTER;

const big: ChainRecipe = {
  name: 'big',
  about: 'two layers of 10 TiB with a cluster of data and zeros that hide one',
  layers: [
    { file: 'base.qcow2', size: '10T', writes: [`write -P1 ${HOLE} 64k`] },
    { file: 'top.qcow2', size: '10T', writes: [`write -z -u ${HOLE} 64k`, `write -P2 ${DATA} 64k`] },
  ],
};

test('a cluster in 10 TiB is seen in the whole disk, and one key leads there', async ({
  start,
  make,
}, info) => {
  const [, top] = await make(big);
  const { page } = await start('--window-size=1400x900', top as string);
  await opened(page);
  await info.attach('whole disk', { body: await page.screenshot(), contentType: 'image/png' });

  const lanes = { guest: picture(page, 0), top: picture(page, 1), base: picture(page, 2) };
  const overview = page.locator('.overview canvas:not(.finding-ticks)');
  for (const [name, canvas, at] of [
    ['guest', lanes.guest, [DATA, HOLE]],
    ['top', lanes.top, [DATA, HOLE]],
    ['base', lanes.base, [HOLE]],
    ['overview', overview, [DATA, HOLE]],
  ] as const) {
    const columns = await columnsThatStandOut(canvas);
    const width = await canvas.evaluate(element => (element as HTMLCanvasElement).width);
    expect(columns.length, name).toBe(at.length);
    // The columns of tiles are not those of the screen, so a mark may lie one column beside its place.
    for (const [i, offset] of at.entries())
      expect(Math.abs(columns[i]! - (offset / SIZE) * width), name).toBeLessThan(1.5);
  }

  await page.keyboard.press('n');
  await rest(page);
  const where = page.getByRole('region', { name: 'Where' });
  await expect(where).toContainText('0x700_0005_0000');
  await expect(where).toContainText('64 KiB');
  await expect(page.getByRole('region', { name: 'What', exact: true })).toContainText(/zero/);
  await info.attach('found', { body: await page.screenshot(), contentType: 'image/png' });
});

/** Columns of a canvas that hold a color which its middle column does not have, below its middle: away from texts. */
function columnsThatStandOut(canvas: Locator): Promise<number[]> {
  return canvas.evaluate(element => {
    const { width, height } = element as HTMLCanvasElement;
    const context = (element as HTMLCanvasElement).getContext('2d');
    const from = Math.ceil(height * 0.6);
    const { data } = context!.getImageData(0, from, width, height - from);
    const pixels = new Uint32Array(data.buffer);
    const colorsOf = (column: number) =>
      new Set(Array.from({ length: height - from }, (_, row) => pixels[row * width + column]!));
    const plain = colorsOf(Math.floor(width / 2));
    return Array.from({ length: width }, (_, column) => column).filter(column =>
      [...colorsOf(column)].some(color => !plain.has(color)),
    );
  });
}
