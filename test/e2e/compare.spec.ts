/** The view that compares, in the real window: two layers of a chain by tables, a copy by content, difference by difference. */
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { golden } from '../../examples/recipes.mjs';
import { qemuImg, qemuIo } from '../support/tools.ts';
import { expect, rest, test } from './app.ts';
import { violations } from './axe.ts';

const SIZES = [
  { width: 1280, height: 800 },
  { width: 760, height: 560 },
];

for (const theme of ['light', 'dark'] as const)
  test(`two layers are compared by tables in ${theme}, with nothing that axe objects to`, async ({
    make,
    start,
  }, info) => {
    const files = await make(golden);
    const { app, page } = await start(`--theme=${theme}`, files.at(-1) as string);
    await rest(page);
    await page.keyboard.press('5');
    await expect(page.getByRole('heading', { name: 'Compare two layers of this chain' })).toBeVisible();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Compare layers' }).click();
    await expect(page.getByText(/^The disks may differ/)).toBeVisible();
    await rest(page);
    for (const { width, height } of SIZES) {
      await app.evaluate(
        ({ BrowserWindow }, size) =>
          BrowserWindow.getAllWindows()[0]?.setContentSize(size.width, size.height),
        { width, height },
      );
      await rest(page);
      expect(await violations(page)).toEqual([]);
      await info.attach(`${theme}-${width}`, { body: await page.screenshot(), contentType: 'image/png' });
    }
  });

test('a copy that was changed is compared by content, and N goes from difference to difference', async ({
  make,
  start,
  folder,
}) => {
  const files = await make(golden);
  const top = files.at(-1) as string;
  const raw = join(folder, 'copy.raw');
  await qemuImg('convert', '-O', 'raw', top, raw);
  const changed = join(folder, 'changed.raw');
  await copyFile(raw, changed);
  await qemuIo(changed, 'write -P 99 0 512', 'write -P 99 64k 1k');
  const { app, page } = await start(top);
  await rest(page);
  await page.keyboard.press('5');
  await app.evaluate(({ dialog }, path) => {
    dialog.showOpenDialog = async () => ({ canceled: false, filePaths: [path] });
  }, changed);
  await page.getByRole('button', { name: 'Choose image…' }).click();
  await expect(page.getByText(/^The disks may differ/)).toBeVisible();
  await page.getByRole('button', { name: /^Compare content: reads/ }).click();
  await expect(page.getByText('The disks differ, first at 0x0000_0000.')).toBeVisible();
  const content = page.getByRole('button', { name: /^content differs/ });
  await expect(content).toContainText('1.5 KiB in 2');
  // Only what differs by content: the others are taken out of the list.
  for (const other of await page.locator('.compare-kinds button[data-kind]:enabled').all())
    if ((await other.getAttribute('data-kind')) !== 'content') await other.click();
  await expect(page.locator('.compare-place')).toHaveText('2 differences');
  await page.locator('.difference-scroll').focus();
  await page.keyboard.press('n');
  await expect(page.locator('.compare-place')).toHaveText('1 of 2');
  await page.keyboard.press('n');
  await expect(page.locator('.compare-place')).toHaveText('2 of 2');
  await expect(page.locator('.compare-line')).toContainText('0x0001_0000, 1 KiB: content differs');
  await page.keyboard.press('Shift+N');
  await expect(page.locator('.compare-place')).toHaveText('1 of 2');
  await page.getByRole('button', { name: 'Compare with something else' }).click();
  await expect(page.getByRole('heading', { name: 'Compare with another disk' })).toBeVisible();
});
