/** Folders of images in the window: the forest, what is wrong in it, and the chain of an image that is chosen. */
import { dirname, join } from 'node:path';
import { golden } from '../../examples/recipes.mjs';
import { qemuImg } from '../support/tools.ts';
import { drop, expect, laneNames, opened, test } from './app.ts';

test('a folder shows which image rests on which, and a click opens a chain', async ({
  start,
  make,
}, info) => {
  const [base] = await make(golden);
  const folder = dirname(base);
  const overlay = (name: string, backing: string) =>
    qemuImg('create', '-q', '-u', '-f', 'qcow2', '-b', backing, '-F', 'qcow2', join(folder, name), '1M');
  await overlay('clone.qcow2', 'base.qcow2');
  await overlay('orphan.qcow2', '/gone/base.qcow2');
  const { app, page } = await start();
  await app.evaluate(({ dialog }, path) => {
    dialog.showOpenDialog = async () => ({ canceled: false, filePaths: [path] });
  }, folder);
  await page.getByRole('button', { name: 'Open folder…' }).click();
  const list = page.getByRole('listbox', { name: 'Images' });
  await expect(list.getByRole('option')).toHaveText([
    /^base\.qcow2/,
    /^├─ clone\.qcow2/,
    /^└─ mid\.qcow2/,
    /^ {3}└─ top\.qcow2/,
    /gone\/base\.qcow2 \(missing\)/,
    /^└─ orphan\.qcow2.*corruption$/,
  ]);
  await expect(page.getByRole('region', { name: 'Findings' })).toContainText('STORE_ORPHAN');
  for (const theme of ['light', 'dark'] as const) {
    await app.evaluate(({ nativeTheme }, source) => {
      nativeTheme.themeSource = source;
    }, theme);
    await info.attach(theme, { body: await page.screenshot(), contentType: 'image/png' });
  }

  await list.getByText('top.qcow2').click();
  await opened(page);
  expect(await laneNames(page)).toEqual(['guest', 'top.qcow2', 'mid.qcow2', 'base.qcow2']);
  await page.keyboard.press('Control+Shift+W');
  await expect(list.getByRole('option')).toHaveCount(6);
  await page.getByRole('button', { name: 'Back to the start' }).click();
  await expect(page.getByRole('heading', { name: 'Drop disk images here' })).toBeVisible();
});

test('a folder that is dropped is opened as one', async ({ start, make }) => {
  const [base] = await make(golden);
  const { page } = await start();
  await drop(page, [dirname(base)]);
  await expect(page.getByRole('listbox', { name: 'Images' }).getByRole('option')).toHaveCount(3);
});
