/** Suite `package`: what packaging costs: the packaged window's start against the checkout's, and its size against Electron's. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bench, medianOf } from '../context.ts';
import { type Contestant, inTurns, type Outcome } from '../measure.ts';
import type { Row, SuiteResult } from '../report.ts';
import { withWindows } from '../windows.ts';

/** Folders that `npm run package` writes to, from the root: of a release and of the copy for development. */
const OUTPUTS = ['out', 'out/development'];
const PROGRAM = 'cowscope-desktop';
const MIB = 2 ** 20;

/** Measures the suite; without a packaged window, a runtime or a display it says why it could not. */
export function measurePackage(bench: Bench): Promise<SuiteResult> {
  return withWindows(bench, async ({ start, runtime, isRoot }) => {
    const packaged = OUTPUTS.map(output =>
      join(bench.root, output, `cowscope-${process.platform}-${process.arch}`),
    ).find(folder => existsSync(join(folder, PROGRAM)));
    if (packaged === undefined)
      return { rows: [], outcomes: [], notes: ['no package was measured: npm run package makes one'] };
    const { size, runs } = bench.options;
    const folder = mkdtempSync(join(tmpdir(), 'cow-package-'));
    try {
      const { top } = bench.store.chain('alt', size);
      // The packaged program knows no other switch of the launcher's.
      const switches = isRoot ? ['--no-sandbox'] : [];
      const picture = (name: string, command: string, words: readonly string[]): Contestant => ({
        name,
        run: () => untilSaved(folder, command, [...switches, ...words], top, start.env),
      });
      const outcomes = await inTurns(
        [
          picture('checkout', start.command, [bench.root, '--']),
          picture('packaged', join(packaged, PROGRAM), []),
        ],
        runs,
      );
      const [checkout, ours] = outcomes as [Outcome, Outcome];
      const rows: Row[] = [
        {
          what: `packaged window, start to saved picture, alt ${size}`,
          unit: 'ms',
          ours: medianOf(ours, 'seconds') * 1000,
          peer: { name: 'from the checkout', value: medianOf(checkout, 'seconds') * 1000 },
          atMost: 1.1,
        },
        {
          what: 'packaged window, on the disk',
          unit: 'MiB',
          ours: bytesOf(packaged) / MIB,
          peer: { name: 'the Electron runtime', value: bytesOf(runtime) / MIB },
          atMost: 1,
        },
      ];
      const share = statSync(join(packaged, PROGRAM)).size / bytesOf(packaged);
      const notes = [
        `${Math.round(share * 100)} % of the packaged window is Electron's program; ours is ${Math.round(
          statSync(join(packaged, 'resources/app.asar')).size / 1024,
        )} KiB of it.`,
      ];
      return { rows, outcomes, notes };
    } finally {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  });
}

/** Seconds of a whole run that saves the picture of a chain, with a fresh profile. */
async function untilSaved(
  folder: string,
  command: string,
  before: readonly string[],
  top: string,
  env: NodeJS.ProcessEnv,
) {
  const work = mkdtempSync(join(folder, 'run-'));
  const file = join(work, 'picture.png');
  const words = [`--user-data-dir=${join(work, 'profile')}`, ...before, `--screenshot=${file}`, top];
  const begun = performance.now();
  const child = spawn(command, words, { env, stdio: 'ignore' });
  const [code] = await once(child, 'close');
  const seconds = (performance.now() - begun) / 1000;
  if (code !== 0 || !existsSync(file)) throw new Error(`${command} saved no picture: exit code ${code}`);
  return { seconds };
}

function bytesOf(folder: string): number {
  const entries = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(name => join(folder, name));
  return entries.reduce((sum, path) => sum + (lstatSync(path).isFile() ? lstatSync(path).size : 0), 0);
}
