/** What a launch names is never a switch of the program that is started, and a second launch is never lost. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ElectronApplication } from '@playwright/test';
import { windowArgs } from '../../electron/cli/commands/open.ts';
import { signalChild } from '../../electron/qemu/signal-child.ts';
import { golden } from '../../examples/recipes.mjs';
import { deepLink } from '../../shared/text/deep-link.ts';
import { CLI, leastTime } from '../support/cli.ts';
import { qemuImg, qemuIo } from '../support/tools.ts';
import { commandFor, complaints, expect, opened, test } from './app.ts';
import { cellsOf } from './table-cells.ts';

/** From a signal to the window's end, in milliseconds. */
const LIMIT_MS = 1000;

/** Values that would be switches if they stood alone; PROGRAM leaves a mark when it is run. */
const VALUES = [
  '--gpu-launcher=PROGRAM',
  '--renderer-cmd-prefix=PROGRAM',
  '--utility-cmd-prefix=PROGRAM',
  '--browser-subprocess-path=PROGRAM',
  '--remote-debugging-port=9222',
  '--inspect=9229',
  '--inspect-brk',
  '--require=PROGRAM',
  '-r',
  '--',
  '-',
  '--no-sandbox',
  '--disable-web-security',
  ' --gpu-launcher=PROGRAM',
];

/** A program that leaves a file behind when it is run. */
function marker(folder: string): { readonly program: string; readonly ran: () => boolean } {
  const mark = join(folder, 'ran');
  const program = join(folder, 'program');
  writeFileSync(program, `#!/bin/sh\necho ran >> '${mark}'\nexec "$@"\n`);
  chmodSync(program, 0o755);
  return { program, ran: () => existsSync(mark) };
}

/** The switches that Chromium has found on the program's command line, of those that any of the values would be. */
function switchesOf(app: ElectronApplication, values: readonly string[]): Promise<string[]> {
  const names = values.map(value => value.trim().replace(/^-+|=.*$/gs, '')).filter(name => name !== '');
  return app.evaluate(
    ({ app: electron }, wanted) =>
      wanted
        .filter(name => electron.commandLine.hasSwitch(name))
        .map(name => `${name}=${electron.commandLine.getSwitchValue(name)}`),
    names,
  );
}

/** Switches that the test's own tools give. */
const OWN = /^(?:no-sandbox=|remote-debugging-port=0|inspect=0|r=)$/;

test('no value of an option and no target becomes a switch', async ({ start, make, folder }) => {
  const [, , top] = await make(golden);
  const { program, ran } = marker(folder);
  const values = VALUES.map(value => value.replace('PROGRAM', program));
  for (const snapshot of values.filter((_, i) => i % 3 === 0)) {
    const options = { format: 'qcow2' as const, snapshot, allow: values, allowAll: true, forceShare: true };
    const { app, page } = await start(...windowArgs([top as string], options));
    await expect(page.getByRole('alert').locator('code'), snapshot).toHaveText('QCOW2_SNAPSHOT_UNKNOWN');
    expect((await switchesOf(app, values)).filter(found => !OWN.test(found))).toEqual([]);
    await app.close();
  }
  const { app, page } = await start(...windowArgs(values, { allow: [], allowAll: false }));
  await expect(page.getByRole('alert').locator('code')).toHaveText('CHAIN_FILE_MISSING');
  expect((await switchesOf(app, values)).filter(found => !OWN.test(found))).toEqual([]);
  expect(ran()).toBe(false);
});

test('arguments that are switches to Chromium alone are wrong usage for the window', async ({
  run,
  folder,
}) => {
  const { program, ran } = marker(folder);
  for (const value of VALUES.filter(word => word !== '--')) {
    const ended = await run(value.replace('PROGRAM', program));
    expect(ended.code, value).toBe(64);
    expect(complaints(ended)).toEqual([expect.stringMatching(/^cowscope: USAGE: There is no option /)]);
  }
  expect(ran()).toBe(false);
});

test('cowscope open starts the window with nothing of an image or a person before --', async ({
  make,
  folder,
  profile,
}) => {
  const [, , top] = await make(golden);
  const { program, ran } = marker(folder);
  const snapshot = `--gpu-launcher=${program}`;
  const env = { ...process.env, XDG_CONFIG_HOME: profile, COWSCOPE_TEST_PROFILE: profile };
  const child = spawn(
    process.execPath,
    [CLI, 'open', '--snapshot', snapshot, '--allow', '-r', top as string],
    { env },
  );
  try {
    const main = await mainProcess(profile);
    const behind = main.slice(main.indexOf('--') + 1);
    expect(main.slice(0, main.indexOf('--')).join(' ')).not.toMatch(/gpu-launcher|program|top\.qcow2| -r/);
    expect(behind).toEqual([`--snapshot=${snapshot}`, `--allow=${join(process.cwd(), '-r')}`, '--', top]);
    expect(ran()).toBe(false);
  } finally {
    signalChild(child, 'SIGTERM');
    await once(child, 'close');
  }
  await expect.poll(() => markedProcesses(profile)).toEqual([]);
});

/** Command lines of the processes with a profile's mark in their environment. */
function markedProcesses(profile: string): string[][] {
  return readdirSync('/proc').flatMap(name => {
    try {
      if (!/^\d+$/.test(name)) return [];
      const environment = readFileSync(`/proc/${name}/environ`, 'utf8').split('\0');
      const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').replace(/\0$/, '').split('\0');
      // A process that Chromium forks writes its title over its environment, and has the profile in its arguments.
      const isOurs =
        environment.includes(`COWSCOPE_TEST_PROFILE=${profile}`) ||
        words.join(' ').includes(`--user-data-dir=${profile}`);
      return isOurs ? [words] : [];
    } catch {
      return []; // ended meanwhile
    }
  });
}

/** The command line of the window's main process, once it has started others. */
async function mainProcess(profile: string): Promise<string[]> {
  // A process that Chromium forks has its words joined by blanks.
  const isElectron = ([program = '']: string[]) => /electron[^/]*$/i.test(program.split(' --')[0] as string);
  const isRenderer = (words: string[]) => words.join(' ').includes('--type=renderer');
  await expect
    .poll(() => markedProcesses(profile).some(words => isElectron(words) && isRenderer(words)))
    .toBe(true);
  const programs = markedProcesses(profile).filter(isElectron);
  return programs.find(words => !words.join(' ').includes('--type=')) ?? [];
}

test.describe('a second launch', () => {
  /** Names of files, together as long as asked for; each of a length that the system takes. */
  function names(folder: string, bytes: number): string[] {
    const count = Math.ceil(bytes / 4000);
    return Array.from({ length: count }, (_, i) =>
      join(folder, `${i}-`.padEnd(200, 'x'), 'y'.repeat(200), ...Array(15).fill('z'.repeat(220))),
    );
  }

  for (const bytes of [15_000, 17_000, 33_000, 100_000, 250_000])
    test(`of ${bytes} bytes reaches the window that is there`, async ({ start, run, folder }) => {
      const { app, page } = await start();
      const files = names(folder, bytes);
      const second = await run(...files);
      expect(complaints(second)).toEqual([]);
      expect(second.code).toBe(0);
      await expect(page.getByRole('alert')).toContainText('0-xxx');
      expect(await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(1);
    });

  test('of more files than fit into a message to the window is refused with a code, and the window stays', async ({
    start,
    run,
    folder,
  }) => {
    const { page } = await start();
    const second = await run(...names(folder, 700_000));
    expect(second.code).toBe(1);
    expect(complaints(second)).toEqual([expect.stringMatching(/^cowscope: TARGET_TOO_LARGE: /)]);
    await expect(page.getByRole('heading', { name: 'Drop disk images here', exact: true })).toBeVisible();
  });

  test('of more than can be handed over is refused with a code, and the window stays', async ({
    start,
    run,
    folder,
  }) => {
    const { page } = await start();
    const allowed = names(folder, 1_200_000).map(path => `--allow=${path}`);
    const second = await run(...allowed, join(folder, 'top.qcow2'));
    expect(second.code).toBe(1);
    expect(complaints(second)).toEqual([expect.stringMatching(/^cowscope: HANDOVER_TOO_LARGE: /)]);
    await expect(page.getByRole('heading', { name: 'Drop disk images here', exact: true })).toBeVisible();
  });

  test('without a file brings the window forward and keeps what it shows', async ({ start, run, make }) => {
    const [, , top] = await make(golden);
    const { page } = await start(top as string);
    await opened(page);
    expect(await run()).toMatchObject({ code: 0 });
    await opened(page);
  });

  test('after the first was killed is the first', async ({ start, run, make, folder }) => {
    const [, , top] = await make(golden);
    const { app } = await start();
    const child: ChildProcess = app.process();
    const ended = once(child, 'exit');
    signalChild(child, 'SIGKILL');
    await ended;
    const again = await start(top as string);
    await opened(again.page);
    expect(folder).toBeDefined();
    expect(await run(top as string)).toMatchObject({ code: 0 });
  });
});

test.describe('a signal', () => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    test(`${signal} ends the window within a second, at any moment, with servers that do not want to end`, async ({
      profile,
      environment,
      make,
      folder,
    }) => {
      const [, , top] = await make(golden);
      const stubborn = join(folder, 'qemu-nbd');
      const script = `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); if (process.argv.includes('--version')) { console.log('qemu-nbd 7.2.0 (QEMU)'); process.exit(); }`;
      writeFileSync(stubborn, `#!${process.execPath}\n${script}\n`);
      chmodSync(stubborn, 0o755);
      const { args, command, env } = await commandFor(profile, [top as string]);
      const endingTime = async (moment: number) => {
        const child = spawn(command, args, {
          env: { ...env, ...environment, COWSCOPE_QEMU_NBD: stubborn },
          stdio: 'ignore',
        });
        const ended = once(child, 'exit');
        await new Promise(resolve => setTimeout(resolve, moment));
        const sent = performance.now();
        signalChild(child, signal);
        await ended;
        const took = performance.now() - sent;
        await expect.poll(() => markedProcesses(profile)).toEqual([]);
        return took;
      };
      for (const moment of [100, 500, 1500, 3000]) {
        const least = await leastTime(LIMIT_MS, () => endingTime(moment));
        expect(least, `${moment} ms after its start`).toBeLessThan(LIMIT_MS);
      }
    });
});

test.describe('the picture of the window', () => {
  test('never replaces an image, whatever is forced', async ({ run, make }) => {
    const [base, mid, top] = await make(golden);
    for (const file of [top as string, mid as string, base]) {
      for (const words of [[`--screenshot=${file}`], [`--screenshot=${file}`, '--force']]) {
        const ended = await run(...words, top as string);
        expect(ended.code).toBe(1);
        expect(complaints(ended)).toEqual([expect.stringMatching(/^cowscope: OUTPUT_IS_IMAGE: /)]);
      }
    }
  });

  test('needs a new file, and replaces one only with --force', async ({ run, make, folder }) => {
    const [, , top] = await make(golden);
    const missing = await run('--screenshot', top as string);
    expect(missing.code).toBe(64);
    expect(complaints(missing)).toEqual([
      expect.stringMatching(/^cowscope: USAGE: --screenshot needs a value/),
    ]);
    const file = join(folder, 'notes.txt');
    writeFileSync(file, 'notes');
    const refused = await run(`--screenshot=${file}`, top as string);
    expect(refused.code).toBe(1);
    expect(complaints(refused)).toEqual([expect.stringMatching(/^cowscope: OUTPUT_EXISTS: /)]);
    expect(readFileSync(file, 'utf8')).toBe('notes');
    expect(await run(`--screenshot=${file}`, '--force', top as string)).toMatchObject({ code: 0 });
    expect(readFileSync(file).subarray(1, 4).toString()).toBe('PNG');
  });
});

test('an image that changes on disk while it is shown has a notice, and reloading shows what is there now', async ({
  start,
  folder,
}) => {
  const image = join(folder, 'live.qcow2');
  await qemuImg('create', '-q', '-f', 'qcow2', image, '4M');
  const { page } = await start(image);
  await opened(page);
  const notice = page.getByRole('region', { name: 'Changed on disk' });
  await expect(notice).toHaveCount(0);
  await qemuIo(image, 'write -P5 0 64k');
  await expect(notice).toContainText('live.qcow2');
  await notice.getByRole('button', { name: 'Reload' }).click();
  await expect(notice).toHaveCount(0);
  await opened(page);
  const { guest } = await cellsOf(page);
  expect(guest?.[0]?.state).toBe('data');
});

/** Answers the dialogs of the system from now on, and keeps what they said. */
async function answerDialogs(app: ElectronApplication, response: number): Promise<() => Promise<string[]>> {
  await app.evaluate(({ dialog }, answer) => {
    const said: string[] = [];
    Object.assign(globalThis, { said });
    dialog.showMessageBox = (...args: unknown[]) => {
      const { message, detail } = args.at(-1) as { message: string; detail: string };
      said.push(`${message}\n${detail}`);
      return Promise.resolve({ response: answer, checkboxChecked: false });
    };
  }, response);
  return () => app.evaluate(() => (globalThis as unknown as { said: string[] }).said);
}

test('a link opens its image at its offset once the person agrees, and nothing before', async ({
  start,
  run,
  make,
}) => {
  const [, , top] = await make(golden);
  const link = deepLink([top as string], { at: 0x30000, length: 0x20000, view: 'chain' }) as string;
  const { app, page } = await start();
  const refused = await answerDialogs(app, 1);
  expect((await run(link)).code).toBe(0);
  await expect.poll(refused).toEqual([expect.stringContaining(`A link asks to open this image:\n${top}`)]);
  await expect(page.getByRole('heading', { name: 'Drop disk images here' })).toBeVisible();

  await answerDialogs(app, 0);
  expect((await run(link)).code).toBe(0);
  await opened(page);
  await expect(page.getByRole('complementary', { name: 'Inspector' })).toContainText('0x0003_0000');
});

test('a launch with folders shows what rests on what, and one that begins with a dialog shows it', async ({
  start,
  run,
  make,
}) => {
  const [, , top] = await make(golden);
  const [word] = windowArgs([dirname(top as string)], { allow: [], allowAll: false });
  const { page } = await start(word as string);
  await expect(page.getByRole('listbox', { name: 'Images' }).getByRole('option')).toHaveCount(3);
  expect((await run('--begin-with=connect')).code).toBe(0);
  await expect(page.getByRole('dialog')).toContainText('NBD');
});

test('a launch begins at its offset and in its view', async ({ start, make }) => {
  const [, , top] = await make(golden);
  const { page } = await start('--at=0x30000', '--view=findings', top as string);
  await expect(page.getByRole('navigation', { name: 'View' }).getByText('Findings')).toHaveAttribute(
    'aria-pressed',
    'true',
  );
  await page.keyboard.press('1');
  await opened(page);
  await expect(page.getByRole('complementary', { name: 'Inspector' })).toContainText('0x0003_0000');
});
