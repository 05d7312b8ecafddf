/** Electron for the suites that measure windows: how it is started, and a display where there is none. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Bench } from './context.ts';
import type { SuiteResult } from './report.ts';

type Launcher = typeof import('../../build/launch-electron.mjs');

/** How Electron is started, up to the path of what it runs. */
export interface Start {
  readonly command: string;
  readonly flags: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** What a suite that starts windows works with. */
export interface Windows {
  readonly start: Start;
  /** Folder of the runtime. */
  readonly runtime: string;
  readonly isRoot: boolean;
}

/** Measures with windows; without an Electron runtime or a display the result says why it could not. */
export async function withWindows(
  bench: Bench,
  measure: (windows: Windows) => Promise<SuiteResult>,
): Promise<SuiteResult> {
  const skipped = (why: string): SuiteResult => ({
    rows: [],
    outcomes: [],
    notes: [`no window was measured, ${why}`],
  });
  // Not bundled: it is the way this checkout starts Electron, and says what it fetches.
  const launcher = pathToFileURL(join(bench.root, 'build', 'launch-electron.mjs')).href;
  const { electronCommand, hasDisplay, isRoot } = (await import(/* @vite-ignore */ launcher)) as Launcher;
  const display = hasDisplay() ? undefined : await startDisplay();
  if (display?.why !== undefined) return skipped(display.why);
  if (display !== undefined) process.env.DISPLAY = display.name;
  try {
    const launch = await electronCommand();
    if (launch.why !== undefined) return skipped(launch.why);
    const { LD_PRELOAD, COWSCOPE_BENCH_USAGE, NODE_EXTRA_CA_CERTS, ...env } = launch.env;
    const start = { command: launch.command, flags: launch.flags, env };
    return await measure({ start, runtime: launch.runtime.folder, isRoot: isRoot() });
  } finally {
    if (display !== undefined) {
      process.env.DISPLAY = '';
      display.stop();
    }
  }
}

interface Display {
  readonly why?: string;
  readonly name: string;
  stop(): void;
}

/** One virtual display for all runs, so that its start is not measured. */
async function startDisplay(): Promise<Display> {
  const screen = ['-displayfd', '3', '-screen', '0', '1600x1000x24', '-nolisten', 'tcp'];
  const xvfb = spawn('Xvfb', screen, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  const failed = new Promise<Display>(resolve =>
    xvfb.once('error', () => resolve({ why: 'there is no display and no Xvfb', name: '', stop() {} })),
  );
  const said = new Promise<Display>(resolve => {
    let text = '';
    xvfb.stdio[3]?.on('data', bytes => {
      text += bytes;
      if (text.endsWith('\n')) resolve({ name: `:${text.trim()}`, stop: () => void xvfb.kill() });
    });
  });
  const ended = once(xvfb, 'exit').then(
    (): Display => ({ why: 'the virtual display did not start', name: '', stop() {} }),
    () => failed,
  );
  return Promise.race([failed, said, ended]);
}
