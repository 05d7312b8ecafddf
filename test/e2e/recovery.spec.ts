/** What goes wrong in one process is survived by the others, and told without names. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ElectronApplication } from '@playwright/test';
import { golden } from '../../examples/recipes.mjs';
import { expect, laneNames, opened, test } from './app.ts';

/** Entries of the log in a profile. */
const logOf = (profile: string) =>
  readFileSync(join(profile, 'logs/cowscope.log'), 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, unknown>);

/** Answers every dialog of the system with its first button. */
const agree = (app: ElectronApplication) =>
  app.evaluate(({ dialog }) => {
    dialog.showMessageBox = () => Promise.resolve({ response: 0, checkboxChecked: false });
  });

/** The lanes of the window once everything is drawn, by name; none before. A page that is just crashing never answers. */
const shownLanes = (app: ElectronApplication) =>
  app.evaluate(async ({ BrowserWindow }) => {
    const contents = BrowserWindow.getAllWindows()[0]?.webContents;
    if (contents === undefined || contents.isCrashed() || contents.isLoading()) return [];
    const silence = new Promise<never[]>(resolve => setTimeout(resolve, 1000, []));
    const names = contents.executeJavaScript(
      `document.documentElement.dataset.idle !== 'true' ? [] :
        [...document.querySelectorAll('.lanes section')].map(row =>
          row.getAttribute('data-kind') === 'guest' ? 'guest' : row.getAttribute('aria-label'))`,
    );
    return (await Promise.race([names, silence])) as (string | null)[];
  });

test('a window whose process crashes comes back with its chain', async ({ start, make, profile }) => {
  const [, , top] = await make(golden);
  const { app, page } = await start(top as string);
  await opened(page);
  const before = await laneNames(page);
  expect(before).toHaveLength(4);
  await agree(app);
  await app.evaluate(({ BrowserWindow }) => {
    BrowserWindow.getAllWindows()[0]?.webContents.forcefullyCrashRenderer();
  });
  // Playwright gives a page up once it has crashed, so the window is asked from the main side.
  await expect.poll(() => shownLanes(app), { timeout: 20_000 }).toEqual(before);
  expect(logOf(profile)).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ event: 'gone', process: 'renderer' }),
      expect.objectContaining({ event: 'opened', layers: 3 }),
    ]),
  );
});

test('a chain whose worker crashes is opened again', async ({ start, make, profile }) => {
  const [, , top] = await make(golden);
  const { app, page } = await start(top as string);
  await opened(page);
  const before = await laneNames(page);
  // The worker is caught when it is asked something, and ended behind the program's back.
  await app.evaluate(() => {
    const { Worker } = (process.mainModule as NodeJS.Module).require(
      'node:worker_threads',
    ) as typeof import('node:worker_threads');
    const { postMessage } = Worker.prototype;
    Worker.prototype.postMessage = function (...args) {
      Worker.prototype.postMessage = postMessage;
      postMessage.apply(this, args);
      void this.terminate();
    };
  });
  await page.keyboard.press('n');
  await expect
    .poll(() => logOf(profile).filter(({ event }) => event === 'opened' || event === 'error'))
    .toMatchObject([{ event: 'opened' }, { event: 'error', code: 'INTERNAL' }, { event: 'opened' }]);
  await opened(page);
  expect(await laneNames(page)).toEqual(before);
  await expect(page.getByRole('alert')).toHaveCount(0);
});

test('diagnostics and the log tell what happened, and no name of what was opened', async ({
  start,
  make,
  profile,
}) => {
  const [base, , top] = await make(golden);
  const { app, page } = await start(top as string);
  await opened(page);
  await page.keyboard.press('F1');
  await page.keyboard.type('Copy diagnostics');
  await page.keyboard.press('Enter');
  const clipboard = () => app.evaluate(({ clipboard: system }) => system.readText());
  await expect.poll(clipboard).toContain('"event":"opened"');
  const text = await clipboard();
  const version = await app.evaluate(() => process.versions.electron);
  expect(text).toContain(`Electron ${version},`);
  expect(text).toContain('"event":"started"');
  const log = readFileSync(join(profile, 'logs/cowscope.log'), 'utf8');
  for (const name of [base, top, 'top.qcow2', golden.name].filter(part => part !== undefined)) {
    expect(text).not.toContain(name);
    expect(log).not.toContain(name);
  }
});
