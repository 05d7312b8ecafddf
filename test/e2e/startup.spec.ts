/** Every way in: empty, by argument, dialog, drop, second launch; and the pictures that --screenshot saves. */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { ElectronApplication, Page } from '@playwright/test';
import { signalChild } from '../../electron/qemu/signal-child.ts';
import { golden, shortMiddle } from '../../examples/recipes.mjs';
import { decodePng, differenceOf } from '../support/pictures/png.ts';
import { complaints, drop, expect, laneNames, opened, picture, test, textFile } from './app.ts';
import { cellsOf } from './table-cells.ts';

const heading = (page: Page, name: string) => page.getByRole('heading', { name, exact: true });

const GOLDEN_LANES = ['guest', 'top.qcow2', 'mid.qcow2', 'base.qcow2'];

/** Width and height in a PNG's header. */
function pictureSize(file: string): readonly [number, number] {
  const bytes = readFileSync(file);
  expect(bytes.subarray(0, 8).toString('latin1')).toBe('\u0089PNG\r\n\u001a\n');
  return [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
}

/** Answers the next open dialog with these files. */
async function answerDialog(app: ElectronApplication, files: readonly string[]): Promise<void> {
  await app.evaluate(({ dialog }, filePaths) => {
    dialog.showOpenDialog = async () => ({ canceled: filePaths.length === 0, filePaths: [...filePaths] });
  }, files);
}

test('a saved picture is the same wherever the pointer moves meanwhile', async ({ run, make, folder }) => {
  const [, , top] = await make(golden);
  const take = async (name: string) => {
    const file = join(folder, name);
    const { code } = await run(
      `--screenshot=${file}`,
      '--theme=light',
      '--window-size=1200x800',
      top as string,
    );
    expect(code).toBe(0);
    return decodePng(readFileSync(file));
  };
  const still = await take('still.png');
  // To and fro over a lane, for as long as the program takes.
  const path = Array.from({ length: 1200 }, (_, at) => [
    'mousemove',
    `${500 + (at % 7) * 10}`,
    '290',
    'sleep',
    '0.05',
  ]);
  const pointer = spawn('xdotool', path.flat(), { stdio: 'ignore' });
  try {
    expect(differenceOf(await take('moving.png'), still, 20)).toBeUndefined();
    expect(pointer.exitCode).toBeNull();
  } finally {
    signalChild(pointer, 'SIGKILL');
  }
});

test('with nothing to open, the window says what it is for', async ({ start }, info) => {
  const { page } = await start();
  await expect(heading(page, 'Drop disk images here')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Open image…' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Connect to NBD…' })).toBeVisible();
  await info.attach('empty', { body: await page.screenshot(), contentType: 'image/png' });
});

test('the dialog opens an image, which is in the recent list next time', async ({ start, make }) => {
  const [, , top] = await make(golden);
  const { app, page } = await start();
  await answerDialog(app, []);
  await page.getByRole('button', { name: 'Open image…' }).click();
  await expect(heading(page, 'Drop disk images here')).toBeVisible();
  await answerDialog(app, [top as string]);
  await page.getByRole('button', { name: 'Open image…' }).click();
  await opened(page);
  expect(await laneNames(page)).toEqual(GOLDEN_LANES);
  await app.close();

  const again = await start();
  await again.page.getByRole('button', { name: 'top.qcow2' }).click();
  await opened(again.page);
  expect(await laneNames(again.page)).toEqual(GOLDEN_LANES);
});

test('several files named are a chain, base first', async ({ start, make }) => {
  const files = await make(golden);
  const { page } = await start(...files);
  await opened(page);
  expect(await laneNames(page)).toEqual(GOLDEN_LANES);
});

test('a dropped file opens, and another one takes its place', async ({ start, make }) => {
  const [base] = await make(shortMiddle);
  const [, , top] = await make(golden);
  const { page } = await start();
  await expect(heading(page, 'Drop disk images here')).toBeVisible();
  await drop(page, [top as string]);
  await opened(page);
  expect(await laneNames(page)).toHaveLength(4);
  await drop(page, [base]);
  await expect.poll(() => laneNames(page)).toEqual(['guest', 'base.qcow2']);
});

test('files dropped in any order are arranged by their links before they open', async ({
  start,
  make,
}, info) => {
  const [base, mid, top] = await make(golden);
  const { page } = await start();
  await expect(heading(page, 'Drop disk images here')).toBeVisible();
  await drop(page, [top as string, base, mid as string]);
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('listitem')).toContainText([
    'no backing file recorded',
    'backing file found: base.qcow2',
    'backing file found: mid.qcow2',
  ]);
  await info.attach('arranged', { body: await page.screenshot(), contentType: 'image/png' });
  await page.keyboard.press('Enter');
  await expect(dialog).toBeHidden();
  await opened(page);
  expect(await laneNames(page)).toEqual(GOLDEN_LANES);
});

test('a second launch hands its file to the window that is there', async ({ start, run, make }) => {
  const [, , top] = await make(golden);
  const { app, page } = await start();
  await expect(heading(page, 'Drop disk images here')).toBeVisible();
  const second = await run(top as string);
  expect(second.code).toBe(0);
  expect(complaints(second)).toEqual([]);
  await opened(page);
  expect(await laneNames(page)).toHaveLength(4);
  expect(await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(1);
});

test('a missing backing file is named and the rest is drawn', async ({ start, make }) => {
  const [base, mid, top] = await make(golden);
  const away = join(dirname(base), 'elsewhere.qcow2');
  renameSync(base, away);
  try {
    const { page } = await start(top as string);
    await opened(page);
    expect(await laneNames(page)).toEqual(['guest', 'top.qcow2', 'mid.qcow2', 'Missing backing file']);
    await expect(page.getByRole('region', { name: 'Missing backing file' })).toContainText(base);
    expect(mid).toBeDefined();
  } finally {
    renameSync(away, base);
  }
});

test('a missing backing file is located, and nothing is written', async ({ start, make }, info) => {
  const [base, mid, top] = await make(golden);
  const away = join(dirname(base), 'elsewhere.qcow2');
  renameSync(base, away);
  try {
    const { app, page } = await start(top as string);
    await opened(page);
    const lane = page.getByRole('region', { name: 'Missing backing file' });
    await info.attach('missing', { body: await page.screenshot(), contentType: 'image/png' });
    await answerDialog(app, []);
    await lane.getByRole('button', { name: 'Locate file…' }).click();
    expect(await laneNames(page)).toHaveLength(4);
    // The top records qcow2, so a picture is never read as a raw disk in its place.
    const png = join(dirname(base), 'picture.png');
    writeFileSync(png, Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.alloc(8192)]));
    await answerDialog(app, [png]);
    await lane.getByRole('button', { name: 'Locate file…' }).click();
    await expect(lane).toContainText('QCOW2_NOT_QCOW2');
    expect(await laneNames(page)).toEqual(['guest', 'top.qcow2', 'mid.qcow2', 'Missing backing file']);
    await info.attach('a picture refused', { body: await page.screenshot(), contentType: 'image/png' });
    await answerDialog(app, [away]);
    await lane.getByRole('button', { name: 'Locate file…' }).click();
    await expect.poll(() => laneNames(page)).toEqual(['guest', 'top.qcow2', 'mid.qcow2', 'elsewhere.qcow2']);
    await opened(page);
    const { guest } = await cellsOf(page);
    expect(guest?.[0]).toMatchObject({ state: 'data', owner: 'elsewhere.qcow2' });
    await page.keyboard.press('Escape');
    await expect(page.getByRole('region', { name: 'Findings', exact: true })).toContainText(
      basename(mid as string),
    );
  } finally {
    renameSync(away, base);
  }
});

test('what cannot be opened is said in words, and the window stays', async ({ start, folder }) => {
  const { page } = await start(join(folder, 'absent.qcow2'));
  const alert = page.getByRole('alert');
  await expect(alert).toContainText('absent.qcow2');
  await expect(alert.locator('code')).toHaveText(/^[A-Z][A-Z0-9_]+$/);
  await expect(heading(page, 'Drop disk images here')).toBeVisible();
});

test('a file that is not what it is said to be is an error with its name', async ({ start, folder }) => {
  const notes = textFile(folder);
  const { page } = await start('--format=qcow2', notes);
  await expect(page.getByRole('alert')).toContainText('notes.txt');
  await expect(page.getByRole('alert').locator('code')).toHaveText(/^QCOW2_/);
});

test('a window whose process dies is offered back, with what it showed', async ({ start, make }) => {
  const [, , top] = await make(golden);
  const { app, page } = await start(top as string);
  await opened(page);
  await app.evaluate(({ dialog, BrowserWindow }) => {
    dialog.showMessageBox = async () => ({ response: 0, checkboxChecked: false });
    BrowserWindow.getAllWindows()[0]?.webContents.forcefullyCrashRenderer();
  });
  const lanes = () =>
    app.evaluate(({ BrowserWindow }) => {
      const contents = BrowserWindow.getAllWindows()[0]?.webContents;
      // A page that is just going away never answers.
      const nothing = new Promise(resolve => setTimeout(resolve, 500));
      return Promise.race([
        nothing,
        contents?.executeJavaScript("document.querySelectorAll('.lanes section').length"),
      ]);
    });
  await expect.poll(lanes).toBe(4);
});

test('the menu runs the commands of the window', async ({ start }) => {
  const { app, page } = await start();
  await expect(heading(page, 'Drop disk images here')).toBeVisible();
  await app.evaluate(({ Menu }) => {
    const entries = Menu.getApplicationMenu()?.items.flatMap(menu => menu.submenu?.items ?? []) ?? [];
    entries.find(entry => entry.label === 'Keys')?.click();
  });
  await expect(page.getByRole('dialog')).toContainText('Zoom in');
});

test('the menu names what was opened and opens it again, and is not set again for that', async ({
  start,
  make,
}) => {
  const [, , top] = await make(golden);
  const { app, page } = await start(top as string);
  await opened(page);
  await app.evaluate(({ Menu }) => {
    Menu.setApplicationMenu = () => {
      throw new Error('the menu was set again');
    };
  });
  const recent = () =>
    app.evaluate(({ Menu }) => {
      const item = Menu.getApplicationMenu()?.getMenuItemById('open-recent');
      const shown = item?.submenu?.items.filter(({ visible, type }) => visible && type === 'normal') ?? [];
      return { enabled: item?.enabled, labels: shown.map(({ label }) => label) };
    });
  const labels = [expect.stringMatching(/^top\.qcow2 – /), 'Clear the list of recent images'];
  await expect.poll(recent).toEqual({ enabled: true, labels });
  await app.evaluate(({ BrowserWindow }) => {
    BrowserWindow.getAllWindows()[0]?.webContents.send('app:command', { id: 'close' });
  });
  await expect(page.locator('.lanes')).toBeHidden();
  await app.evaluate(({ Menu }) => {
    Menu.getApplicationMenu()?.getMenuItemById('open-recent')?.submenu?.items[0]?.click();
  });
  await opened(page);
  expect(await laneNames(page)).toEqual(GOLDEN_LANES);
});

test('copying puts the offset on the clipboard', async ({ start, make }) => {
  const [, , top] = await make(golden);
  const { app, page } = await start(top as string);
  await opened(page);
  await picture(page, 0).focus();
  await page.keyboard.press('ArrowRight');
  await expect(page.locator('.inspector dt', { hasText: 'Offset' })).toBeVisible();
  await page.keyboard.press('Control+C');
  await expect.poll(() => app.evaluate(({ clipboard }) => clipboard.readText())).toMatch(/^0x[0-9a-f_]+/);
});

test.describe('--screenshot', () => {
  test('saves the drawn chain and ends with 0', async ({ run, make, folder }, info) => {
    const [, , top] = await make(golden);
    const pictures = await Promise.all(
      (['light', 'dark'] as const).map(async theme => {
        const file = join(folder, `${theme}.png`);
        const words = [`--screenshot=${file}`, `--theme=${theme}`, '--window-size=1200x760', top as string];
        return { file, ended: await run(...words) };
      }),
    );
    for (const { file, ended } of pictures) {
      expect(complaints(ended)).toEqual([]);
      expect(ended.code).toBe(0);
      const [width, height] = pictureSize(file);
      expect(width).toBe(1200);
      expect(height).toBeGreaterThan(600);
      await info.attach(file.endsWith('dark.png') ? 'dark' : 'light', { path: file });
    }
    const [light, dark] = pictures.map(({ file }) => readFileSync(file));
    expect(light?.equals(dark as Buffer)).toBe(false);
  });

  test('of the empty window works too', async ({ run, folder }) => {
    const file = join(folder, 'empty.png');
    const ended = await run(`--screenshot=${file}`);
    expect(complaints(ended)).toEqual([]);
    expect(ended.code).toBe(0);
    expect(pictureSize(file)[0]).toBe(1280);
    // An empty sheet of that size has some 5 KB.
    expect(statSync(file).size).toBeGreaterThan(15_000);
  });

  test('of what cannot be opened is one line and 1', async ({ run, folder }) => {
    const ended = await run(`--screenshot=${join(folder, 'p.png')}`, join(folder, 'absent.qcow2'));
    expect(ended.code).toBe(1);
    expect(complaints(ended)).toEqual([expect.stringMatching(/^cowscope: [A-Z0-9_]+: .*absent\.qcow2/)]);
  });

  test('into a folder that is not there is one line and 1', async ({ run, folder }) => {
    const ended = await run(`--screenshot=${join(folder, 'no', 'p.png')}`);
    expect(ended.code).toBe(1);
    expect(complaints(ended)).toEqual([expect.stringMatching(/^cowscope: OUTPUT_FAILED: /)]);
  });
});

test('wrong usage is one line and 64', async ({ run, folder }) => {
  for (const words of [['--bogus'], ['--theme=blue'], ['nbd://h', join(folder, 'x')]]) {
    const ended = await run(...words);
    expect(ended.code).toBe(64);
    expect(complaints(ended)).toEqual([expect.stringMatching(/^cowscope: USAGE: /)]);
  }
});

test('a folder is not an image', async ({ run, folder }) => {
  mkdirSync(join(folder, 'sub'));
  const ended = await run(`--screenshot=${join(folder, 'p.png')}`, join(folder, 'sub'));
  expect(ended.code).toBe(1);
  expect(complaints(ended)).toHaveLength(1);
});
