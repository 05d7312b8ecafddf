/** How the command line starts the window: by the checkout's launcher, or the program that is installed. */
import { existsSync, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Ready for spawn, or why there is no window and what to do instead. */
export type WindowLaunch =
  | { readonly why: string; readonly advice: string }
  | {
      readonly why?: undefined;
      readonly command: string;
      readonly args: readonly string[];
      readonly env: NodeJS.ProcessEnv;
    };

/** How a checkout starts Electron: build/launch-electron.mjs. */
interface Launcher {
  electronCommand(options: {
    programArgs: readonly string[];
  }): Promise<
    | { readonly why: string }
    | { readonly why?: undefined; command: string; args: readonly string[]; env: NodeJS.ProcessEnv }
  >;
}

/** What decides how an installed window is started. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly env: NodeJS.ProcessEnv;
  /** The superuser, for whom Chromium's sandbox does not start. */
  readonly isRoot: boolean;
}

const IN_TERMINAL = 'cowscope map prints the same picture in the terminal';

/**
 * The launch of the window with these arguments (electron/shell/launch-target.ts). `launcher` is that of a checkout,
 * which comes first where it exists, so that a checkout shows its own window.
 */
export async function windowLaunch(
  programArgs: readonly string[],
  launcher: string,
  machine: Machine,
): Promise<WindowLaunch> {
  if (!existsSync(launcher)) return installedLaunch(programArgs, machine);
  const { electronCommand } = (await import(pathToFileURL(launcher).href)) as Launcher;
  const launch = await electronCommand({ programArgs });
  return launch.why === undefined ? launch : { why: launch.why, advice: IN_TERMINAL };
}

function installedLaunch(programArgs: readonly string[], machine: Machine): WindowLaunch {
  const { platform, env, isRoot } = machine;
  const command = installedWindow(machine);
  if (command === undefined)
    return { why: 'the window is not installed', advice: `install the cowscope package; ${IN_TERMINAL}` };
  if (platform === 'linux' && !env.DISPLAY && !env.WAYLAND_DISPLAY)
    return { why: 'there is no display to open a window on', advice: IN_TERMINAL };
  if (platform === 'linux' && isRoot)
    return {
      why: 'Chromium has no sandbox for the superuser',
      advice: `run it as another user; ${IN_TERMINAL}`,
    };
  return { command, args: programArgs, env };
}

/**
 * Path of the installed window's program: on the PATH, or where its installers put it. Relative folders of the PATH are
 * left out: what lies in the working folder is not ours to run.
 */
function installedWindow({ platform, env }: Machine): string | undefined {
  const name = platform === 'win32' ? 'cowscope-desktop.exe' : 'cowscope-desktop';
  const onPath = (env.PATH ?? '').split(delimiter).filter(isAbsolute);
  const folders = [
    ...onPath,
    ...INSTALLED_IN[platform === 'darwin' || platform === 'win32' ? platform : 'linux'](env),
  ];
  return folders.map(folder => join(folder, name)).find(isFile);
}

/** Folders that the installers of a platform use. */
const INSTALLED_IN: Readonly<
  Record<'linux' | 'darwin' | 'win32', (env: NodeJS.ProcessEnv) => readonly string[]>
> = {
  linux: () => ['/usr/lib/cowscope', '/opt/cowscope'],
  darwin: ({ HOME }) =>
    ['/', ...(HOME === undefined ? [] : [HOME])].map(above =>
      join(above, 'Applications/cowscope.app/Contents/MacOS'),
    ),
  win32: ({ LOCALAPPDATA, ProgramFiles }) => [
    ...(LOCALAPPDATA === undefined ? [] : [join(LOCALAPPDATA, 'Programs/cowscope')]),
    ...(ProgramFiles === undefined ? [] : [join(ProgramFiles, 'cowscope')]),
  ],
};

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
