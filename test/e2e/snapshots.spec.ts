/** Internal snapshots in the window: chosen, shown as the command line maps them, kept over a reload, and left again. */
import type { Page } from '@playwright/test';
import { cowscopeJson } from '../support/cli.ts';
import { withSnapshots } from '../support/images/snapshots.ts';
import { hashFile } from '../support/tools.ts';
import { expect, opened, test } from './app.ts';
import { type Cell, CLUSTER, cellsOf } from './table-cells.ts';

/** What is read here of the document of `cowscope map`. */
interface MapDocument {
  readonly rows: readonly {
    readonly length: number;
    readonly state: string;
    readonly owner: number | null;
  }[];
  readonly layers: readonly { readonly name: string }[];
}

/** The guest's map as the command line prints it, cluster by cluster: `state owner`. */
async function mapped(file: string, ...words: string[]): Promise<readonly string[]> {
  const map: MapDocument = await cowscopeJson(['map', '--output', 'json', ...words, file]);
  return map.rows.flatMap(({ length, state, owner }) =>
    Array.from({ length: length / CLUSTER }, () => `${state} ${map.layers[owner ?? -1]?.name ?? ''}`),
  );
}

async function drawn(page: Page): Promise<readonly string[]> {
  const { guest = [] } = await cellsOf(page);
  return guest.map(({ state, owner }: Cell) => `${state} ${owner}`);
}

test('a snapshot is shown as the command line maps it, is kept over a reload, and leads back', async ({
  start,
  folder,
}, info) => {
  const top = await withSnapshots(folder);
  const hash = await hashFile(top);
  const active = await mapped(top);
  const first = await mapped(top, '--snapshot', 'first');
  expect(first).not.toEqual(active);

  const { app, page } = await start('--window-size=1400x900', top);
  await opened(page);
  await info.attach('active', { body: await page.screenshot(), contentType: 'image/png' });
  await page.keyboard.press('Control+Shift+P');
  await page.keyboard.type('internal snapshot');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').getByRole('button', { name: 'Show first' }).press('Enter');
  const bar = page.getByRole('region', { name: 'Internal snapshot', exact: true });
  await expect(bar).toContainText('top.qcow2 as of snapshot first (');
  await opened(page);
  await info.attach('snapshot', { body: await page.screenshot(), contentType: 'image/png' });
  const title = () => app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.getTitle());
  await expect.poll(title).toMatch(/^top\.qcow2 as of snapshot first \(.* UTC\) – cowscope$/);
  expect(await drawn(page)).toEqual(first);

  await page.reload();
  await expect(bar).toContainText('as of snapshot first');
  await opened(page);
  await bar.getByRole('button', { name: 'Back to the active disk' }).press('Enter');
  await expect(bar).toBeHidden();
  await opened(page);
  await expect.poll(title).toBe('top.qcow2 – cowscope');
  expect(await drawn(page)).toEqual(active);
  expect(await hashFile(top)).toBe(hash);
});

test('--snapshot opens one at once, and the recent list opens it again', async ({ start, folder }) => {
  const top = await withSnapshots(folder);
  const { app, page } = await start('--snapshot=2', top);
  await expect(page.getByRole('region', { name: 'Internal snapshot', exact: true })).toContainText('second');
  await opened(page);
  await app.close();

  const again = await start();
  await again.page.getByRole('button', { name: 'top.qcow2 as of snapshot 2' }).click();
  await opened(again.page);
  expect(await drawn(again.page)).toEqual(await mapped(top, '--snapshot', 'second'));
});

test('a snapshot that is not there is an error in words', async ({ start, folder }) => {
  const top = await withSnapshots(folder);
  const { page } = await start('--snapshot=third', top);
  await expect(page.getByRole('alert').locator('code')).toHaveText('QCOW2_SNAPSHOT_UNKNOWN');
});
