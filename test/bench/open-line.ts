/** Line `open`: from starting Electron to the first drawn picture of a chain, against an empty window's first paint. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Bench, medianOf } from './context.ts';
import type { BenchChain } from './images.ts';
import { type Contestant, inTurns, type Outcome } from './measure.ts';
import EMPTY_WINDOW from './open-empty.cjs?raw';
import WATCHER from './open-watcher.cjs?raw';
import type { LineResult } from './report.ts';

type Launcher = typeof import('../../build/launch-electron.mjs');

/** How Electron is started, up to the path of what it runs. */
interface Start {
  readonly command: string;
  readonly flags: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** Measures the line; without an Electron runtime or a display it says why it could not. */
export async function openLine(bench: Bench): Promise<LineResult> {
  const { size, runs } = bench.options;
  const skipped = (why: string): LineResult => ({
    rows: [],
    outcomes: [],
    notes: [`open: not measured, ${why}`],
  });
  // Not bundled: it is the way this checkout starts Electron, and says what it fetches.
  const launcher = pathToFileURL(join(bench.root, 'build', 'launch-electron.mjs')).href;
  const { electronCommand, hasDisplay } = (await import(/* @vite-ignore */ launcher)) as Launcher;
  const display = hasDisplay() ? undefined : await startDisplay();
  if (display?.why !== undefined) return skipped(display.why);
  if (display !== undefined) process.env.DISPLAY = display.name;
  const folder = mkdtempSync(join(tmpdir(), 'cow-open-'));
  try {
    const launch = await electronCommand({ files: [] });
    if (launch.why !== undefined) return skipped(launch.why);
    const { LD_PRELOAD, COWSCOPE_BENCH_USAGE, ...env } = launch.env;
    const start = { command: launch.command, flags: launch.args.slice(0, -1), env };
    const chain = bench.store.chain('alt', size);
    const outcomes = await inTurns(
      [emptyWindow(start, folder), ourWindow(bench, start, folder, chain)],
      runs,
    );
    const [peer, ours] = outcomes as [Outcome, Outcome];
    const row = {
      what: `program start to first drawn picture, alt ${size}`,
      unit: 'ms' as const,
      ours: medianOf(ours, 'seconds') * 1000,
      peer: { name: 'empty window', value: medianOf(peer, 'seconds') * 1000 },
      atMost: 1.3,
    };
    return { rows: [row], outcomes, notes: [] };
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    if (display !== undefined) {
      process.env.DISPLAY = '';
      display.stop();
    }
  }
}

function emptyWindow(start: Start, folder: string): Contestant {
  const about = { name: 'empty', version: '1.0.0', main: 'main.cjs' };
  const app = mkdtempSync(join(folder, 'empty-'));
  writeFileSync(join(app, 'package.json'), JSON.stringify(about));
  writeFileSync(join(app, about.main), EMPTY_WINDOW);
  return { name: 'empty window', run: () => untilPainted(start, folder, [app]) };
}

function ourWindow({ root }: Bench, start: Start, folder: string, chain: BenchChain): Contestant {
  const watcher = join(folder, 'watch.cjs');
  writeFileSync(watcher, WATCHER);
  return {
    name: 'cowscope window',
    run: () => untilPainted(start, folder, ['-r', watcher, root, chain.top]),
  };
}

/** Starts Electron with a fresh profile and gives the seconds until it says that it has painted, which it ends after. */
async function untilPainted({ command, flags, env }: Start, folder: string, words: readonly string[]) {
  const profile = mkdtempSync(join(folder, 'profile-'));
  const begun = performance.now();
  const args = [...flags, `--user-data-dir=${profile}`, ...words];
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let seconds = Number.NaN;
  let output = '';
  const listen = (text: string) => {
    output += text;
    if (Number.isNaN(seconds) && output.includes('BENCH-PAINTED'))
      seconds = (performance.now() - begun) / 1000;
  };
  child.stdout.setEncoding('utf8').on('data', listen);
  child.stderr.setEncoding('utf8').on('data', listen);
  const giveUp = setTimeout(() => child.kill('SIGKILL'), 60_000);
  await once(child, 'close');
  clearTimeout(giveUp);
  if (Number.isNaN(seconds)) throw new Error(`Electron ended without painting: ${output.trim().slice(-500)}`);
  return { seconds };
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
