/** The page that `cowscope report` writes, in a browser that knows nothing of cowscope, and the drawing that the window saves. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { _electron as electron } from '@playwright/test';
import { isRoot } from '../../build/launch-electron.mjs';
import { damaged } from '../../examples/recipes.mjs';
import { cowscope } from '../support/cli.ts';
import { expect, opened, test } from './app.ts';
import { violations } from './axe.ts';

/** A program that shows one page in a theme. */
const VIEWER = `
const { app, BrowserWindow, nativeTheme } = require('electron');
app.whenReady().then(() => {
  const [file, theme] = process.argv.slice(-2);
  nativeTheme.themeSource = theme;
  void new BrowserWindow({ width: 1280, height: 1000 }).loadFile(file);
});
`;

for (const theme of ['light', 'dark'] as const)
  test(`a report in ${theme}: no script, nothing from elsewhere, and nothing that axe objects to`, async ({
    make,
    folder,
    profile,
  }, info) => {
    const files = await make(damaged);
    const report = join(folder, 'report.html');
    const viewer = join(folder, 'viewer');
    mkdirSync(viewer);
    writeFileSync(
      join(viewer, 'package.json'),
      '{ "name": "viewer", "version": "1.0.0", "main": "main.cjs" }',
    );
    writeFileSync(join(viewer, 'main.cjs'), VIEWER);
    const { code } = await cowscope(['report', '--to', report, files.at(-1) as string]);
    expect([0, 3]).toContain(code);
    const app = await electron.launch({
      args: [`--user-data-dir=${profile}`, viewer, report, theme],
      chromiumSandbox: !isRoot(),
      colorScheme: null,
    });
    try {
      const page = await app.firstWindow();
      await expect(page.getByRole('heading', { name: 'Findings' })).toBeVisible();
      expect(await page.evaluate(() => document.querySelectorAll('script, [src], link').length)).toBe(0);
      expect(await violations(page)).toEqual([]);
      await info.attach(theme, { body: await page.screenshot({ fullPage: true }), contentType: 'image/png' });
    } finally {
      await app.close();
    }
  });

test('the window shows the drawing small before it saves it, and saves the same as a PNG', async ({
  start,
  make,
  folder,
}, info) => {
  const files = await make(damaged);
  const { app, page } = await start('--window-size=1280x800', files.at(-1) as string);
  await opened(page);
  const path = join(folder, 'picture.png');
  await app.evaluate(({ dialog }, filePath) => {
    dialog.showSaveDialog = async () => ({ canceled: false, filePath });
  }, path);
  await page.keyboard.press('Control+E');
  const drawing = page.getByRole('img', { name: /drawing of the chain/ });
  const naturalSize = () =>
    drawing.evaluate((image: HTMLImageElement) => [image.naturalWidth, image.naturalHeight]);
  await expect.poll(async () => (await naturalSize())[0]).toBeGreaterThan(900);
  expect(await violations(page)).toEqual([]);
  await info.attach('dialog', { body: await page.screenshot(), contentType: 'image/png' });
  const [width = 0, height = 0] = await naturalSize();
  await page.getByRole('radio', { name: /PNG/ }).check();
  await page.getByRole('button', { name: 'Save…' }).click();
  await expect(page.locator('.status-bar')).toContainText('Saved');
  const png = readFileSync(path);
  expect(png.subarray(1, 4).toString()).toBe('PNG');
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([2 * width, 2 * height]);
  await info.attach('picture', { body: png, contentType: 'image/png' });
});
