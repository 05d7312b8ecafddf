/**
 * The built program in the real Electron, for end-to-end tests. Each test gets a new profile and new images; what it
 * started is ended with it, and its images must be byte-identical afterwards.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  test as base,
  type ElectronApplication,
  _electron as electron,
  expect,
  type Locator,
  type Page,
} from '@playwright/test';
import { type ElectronCommand, electronCommand, isRoot } from '../../build/launch-electron.mjs';
import { signalChild } from '../../electron/qemu/signal-child.ts';
import { type ChainRecipe, makeChain } from '../../examples/recipes.mjs';
import { hashFile, temporaryFolder } from '../support/tools.ts';
import {
  type NetworkUse,
  networkUse,
  stalledProgram,
  type TracedProgram,
  tracedProgram,
} from '../support/traced-program.ts';

const MARK = 'COWSCOPE_TEST_PROFILE';
/** Milliseconds for any single step. */
const LIMIT = 20_000;

/** A running program with its window. */
export interface OpenedApp {
  readonly app: ElectronApplication;
  readonly page: Page;
}

/** What a program that ran to its end left behind. */
export interface Ended {
  readonly code: number | null;
  readonly stderr: string;
}

/** What every test gets. */
export interface Fixtures {
  /** A folder for the program's own files. */
  readonly profile: string;
  /** The program's environment, for the test to change before it starts. */
  readonly environment: NodeJS.ProcessEnv;
  /** Chromium's switches, for the test to add to before it starts the program. */
  readonly switches: string[];
  /** The folder of this test's images. */
  readonly folder: string;
  /** Makes a chain and gives its files, base first. */
  readonly make: (recipe: ChainRecipe) => Promise<[string, ...string[]]>;
  /** The system's calls for its network, of programs that are started after `begin`. */
  readonly tracing: Tracing;
  /** Starts the program with these arguments and waits for its window. */
  readonly start: (...programArgs: string[]) => Promise<OpenedApp>;
  /** Runs the program with these arguments until it ends by itself. */
  readonly run: (...programArgs: string[]) => Promise<Ended>;
}

export const test = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures from this pattern
  profile: async ({}, use) => use(temporaryFolder()),

  // A mark that every child inherits, so that those which outlive the program can be found.
  environment: async ({ profile }, use) => use({ [MARK]: profile }),

  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures from this pattern
  switches: async ({}, use) => use([]),

  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures from this pattern
  folder: async ({}, use) => use(temporaryFolder()),

  make: async ({ folder }, use) => {
    const hashes = new Map<string, string>();
    await use(async recipe => {
      const place = join(folder, recipe.name);
      mkdirSync(place);
      const files = await makeChain(recipe, place);
      for (const file of files) hashes.set(file, await hashFile(file));
      return files;
    });
    for (const [file, hash] of hashes) expect(await hashFile(file), `${file} is unchanged`).toBe(hash);
  },

  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures from this pattern
  tracing: async ({}, use) => use(new Tracing()),

  // After `make` in the pattern, so that the program has ended before the images are compared.
  start: async ({ profile, environment, switches, tracing, make }, use) => {
    void make;
    const started: ElectronApplication[] = [];
    await use(async (...programArgs) => {
      const { args, env, runtime } = await commandFor(profile, programArgs, switches);
      // The program is left to Playwright (see its configuration), which then holds the app until it is attached.
      const app = await electron.launch({
        args: [...args],
        ...(tracing.isOn ? { executablePath: tracing.program(runtime.executable) } : {}),
        env: definedOnly({ ...env, ...environment }),
        chromiumSandbox: !isRoot(),
        // Playwright would emulate the light theme whatever the program asks for.
        colorScheme: null,
        timeout: LIMIT,
      });
      started.push(app);
      const page = await app.firstWindow({ timeout: LIMIT });
      page.setDefaultTimeout(LIMIT);
      await page.waitForLoadState('domcontentloaded');
      return { app, page };
    });
    for (const app of started) await app.close();
    await expect.poll(() => marked(profile), 'nothing outlives the program').toEqual([]);
  },

  run: async ({ profile, environment, tracing, make }, use) => {
    void make;
    const running = new Set<ChildProcess>();
    await use(async (...programArgs) => {
      const { command, args, env } = await commandFor(profile, programArgs);
      const child = spawn(tracing.isOn ? tracing.program(command) : command, args, {
        env: { ...env, ...environment },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      running.add(child);
      let stderr = '';
      child.stderr.setEncoding('utf8').on('data', text => {
        stderr += text;
      });
      const [code] = await once(child, 'close');
      running.delete(child);
      return { code, stderr };
    });
    for (const child of running) signalChild(child, 'SIGKILL');
  },
});

/** Traces programs, or holds their reads of a file up. */
class Tracing {
  #log: string | undefined;
  /** Programs that are started are traced. */
  isOn = false;
  #wrap: (command: string, folder: string) => TracedProgram = tracedProgram;

  begin(): void {
    this.isOn = true;
  }

  /** From now on every read of `file` takes {@link STALL_MS}, from the `first`th of each thread on. */
  stall(file: string, first = 1): void {
    this.isOn = true;
    this.#wrap = (command, folder) => stalledProgram(command, folder, file, first);
  }

  /** The program to start instead of `command`. */
  program(command: string): string {
    const { path, log } = this.#wrap(command, temporaryFolder());
    this.#log = log;
    return path;
  }

  /** The calls so far of the program that was started last. */
  calls(): readonly string[] {
    return this.#log === undefined ? [] : readFileSync(this.#log, 'utf8').split('\n');
  }

  /** What the program that was started last has asked for; to be called when it has ended. */
  async use(): Promise<NetworkUse> {
    if (this.#log === undefined) throw new Error('nothing was traced');
    return networkUse(this.#log);
  }
}

export { expect };

/** How to start the program with these arguments and a new profile. */
export async function commandFor(
  profile: string,
  programArgs: readonly string[],
  switches: readonly string[] = [],
): Promise<ElectronCommand> {
  const own = [`--user-data-dir=${profile}`, ...switches];
  const found = await electronCommand({ programArgs, switches: own, say: () => {} });
  if (found.why !== undefined) throw new Error(found.why);
  return found;
}

/** The programs that run with this profile's mark in their environment. */
function marked(profile: string): readonly string[] {
  const wanted = `${MARK}=${profile}`;
  const pids = readdirSync('/proc').filter(name => /^\d+$/.test(name));
  return pids.flatMap(pid => {
    try {
      if (!readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(wanted)) return [];
      return [readFileSync(`/proc/${pid}/comm`, 'utf8').trim()];
    } catch {
      return []; // ended meanwhile, or not ours to see
    }
  });
}

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** The lines on standard error that are ours, among those of Chromium. */
export function complaints({ stderr }: Ended): readonly string[] {
  return stderr.split('\n').filter(line => line.startsWith('cowscope: '));
}

/** Waits until a chain is shown, and all of it read and drawn. */
export async function opened(page: Page): Promise<void> {
  await expect(page.locator('.lanes')).toBeVisible();
  await rest(page);
}

/** Lets go of real files over the middle of the window, once it says what would be done with them. */
export async function drop(page: Page, files: readonly string[]): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  const data = { items: [], files: [...files], dragOperationsMask: 1 };
  const send = (type: 'dragEnter' | 'dragOver' | 'drop') =>
    devtools.send('Input.dispatchDragEvent', { type, x: 400, y: 300, data });
  await expect(page.locator('.app')).toBeVisible();
  await send('dragEnter');
  await expect(page.locator('.drop-veil')).toBeVisible();
  await send('dragOver');
  await send('drop');
}

/** Waits until everything on screen is read and drawn. */
export async function rest(page: Page): Promise<void> {
  await expect(page.locator('html')).toHaveAttribute('data-idle', 'true');
}

/** The lanes from top to bottom by name: `guest`, then the layers, then what is missing. */
export function laneNames(page: Page): Promise<readonly (string | null)[]> {
  return page
    .locator('.lanes section')
    .evaluateAll(rows =>
      rows.map(row => (row.getAttribute('data-kind') === 'guest' ? 'guest' : row.getAttribute('aria-label'))),
    );
}

/** The picture of a track. */
export function picture(page: Page, track: number): Locator {
  return page.locator(`[data-track="${track}"] canvas[data-twin]`);
}

/** A file that is no disk image. */
export function textFile(folder: string): string {
  const path = join(folder, 'notes.txt');
  writeFileSync(path, 'these are notes, not a disk\n');
  return path;
}
