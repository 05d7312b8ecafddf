/** Suite `open`: from starting Electron to the first drawn picture of a chain, against an empty window's first paint. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bench, medianOf } from '../context.ts';
import type { BenchChain } from '../images.ts';
import { type Contestant, inTurns, type Outcome } from '../measure.ts';
import EMPTY_WINDOW from '../open-empty.cjs?raw';
import WATCHER from '../open-watcher.cjs?raw';
import { pictureShown } from '../picture-shown.ts';
import type { SuiteResult } from '../report.ts';
import { type Start, withWindows } from '../windows.ts';

/** Measures the suite; without an Electron runtime or a display it says why it could not. */
export function measureOpen(bench: Bench): Promise<SuiteResult> {
  const { size, runs } = bench.options;
  return withWindows(bench, async ({ start }) => {
    const folder = mkdtempSync(join(tmpdir(), 'cow-open-'));
    try {
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
    }
  });
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
  writeFileSync(watcher, `const pictureShown = ${pictureShown};\n${WATCHER}`);
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
