import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Machine, windowLaunch } from '../../../electron/cli/window-launch.ts';
import { temporaryFolder } from '../../support/tools.ts';

const WORDS = ['--theme=dark', '--', '/images/top.qcow2'];
const NO_LAUNCHER = '/does/not/exist.mjs';

/** A folder that holds the window's program. */
function folderWithWindow(name = 'cowscope-desktop', below = ''): string {
  const folder = join(temporaryFolder(), below);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), '');
  chmodSync(join(folder, name), 0o755);
  return folder;
}

const linux = (env: NodeJS.ProcessEnv, isRoot = false): Machine => ({
  platform: 'linux',
  env: { DISPLAY: ':0', ...env },
  isRoot,
});

describe('the window of a command line that is installed', () => {
  it('is the program on the PATH, started with the same arguments', async () => {
    const folder = folderWithWindow();
    const env = { DISPLAY: ':0', PATH: `/usr/nothing:${folder}` };
    expect(await windowLaunch(WORDS, NO_LAUNCHER, linux(env))).toEqual({
      command: join(folder, 'cowscope-desktop'),
      args: WORDS,
      env,
    });
  });

  it('is not taken from a relative folder of the PATH, nor is a folder of that name', async () => {
    const named = temporaryFolder();
    mkdirSync(join(named, 'cowscope-desktop'));
    const { why } = await windowLaunch(WORDS, NO_LAUNCHER, linux({ PATH: `:.:bin:${named}` }));
    expect(why).toBe('the window is not installed');
  });

  it.each<[string, Machine, string]>([
    ['there is no display', linux({ DISPLAY: '' }), 'there is no display to open a window on'],
    ['the superuser asks', linux({}, true), 'Chromium has no sandbox for the superuser'],
  ])('is not started where %s', async (_, machine, expected) => {
    const env = { ...machine.env, PATH: folderWithWindow() };
    const { why } = await windowLaunch(WORDS, NO_LAUNCHER, { ...machine, env });
    expect(why).toBe(expected);
  });

  it('is found on Wayland alone', async () => {
    const env = { DISPLAY: '', WAYLAND_DISPLAY: 'wayland-0', PATH: folderWithWindow() };
    expect(await windowLaunch(WORDS, NO_LAUNCHER, linux(env))).toMatchObject({ args: WORDS });
  });

  it('is found where the installer of macOS or Windows puts it', async () => {
    const mac = folderWithWindow('cowscope-desktop', 'Applications/cowscope.app/Contents/MacOS');
    const home = mac.slice(0, mac.indexOf('/Applications'));
    expect(
      await windowLaunch(WORDS, NO_LAUNCHER, { platform: 'darwin', env: { HOME: home }, isRoot: false }),
    ).toMatchObject({ command: join(mac, 'cowscope-desktop') });
    const windows = folderWithWindow('cowscope-desktop.exe', 'Programs/cowscope');
    const LOCALAPPDATA = windows.slice(0, windows.indexOf('/Programs'));
    expect(
      await windowLaunch(WORDS, NO_LAUNCHER, { platform: 'win32', env: { LOCALAPPDATA }, isRoot: false }),
    ).toMatchObject({ command: join(windows, 'cowscope-desktop.exe') });
  });
});

describe('the window of a checkout', () => {
  const launcher = (body: string): string => {
    const file = join(temporaryFolder(), 'launch-electron.mjs');
    writeFileSync(file, `export const electronCommand = async ({ programArgs }) => (${body});`);
    return file;
  };

  it('is started by its launcher, also where a window is installed', async () => {
    const own = launcher("{ command: 'electron', args: ['folder', ...programArgs], env: {} }");
    expect(await windowLaunch(WORDS, own, linux({ PATH: folderWithWindow() }))).toEqual({
      command: 'electron',
      args: ['folder', ...WORDS],
      env: {},
    });
  });

  it('is refused with the launcher’s reason', async () => {
    const launch = await windowLaunch(WORDS, launcher("{ why: 'no reason' }"), linux({}));
    expect(launch).toMatchObject({ why: 'no reason', advice: expect.stringContaining('cowscope map') });
  });
});
