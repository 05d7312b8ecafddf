/**
 * Suite `tasks`: the longest tasks of the main process's main thread and of the window's during random use of
 * the window, from the first picture on, and the largest message between the two.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installMessageProbe, messagesSeen } from '../../soak/message-probe.ts';
import { type Tasks, traceTasks } from '../../soak/task-probe.ts';
import { actAtRandom, command, openFiles } from '../../soak/user.ts';
import { percentile } from '../../soak/window-probe.ts';
import { type Bench, medianOf } from '../context.ts';
import { driveGently } from '../drive-gently.ts';
import type { BenchChain } from '../images.ts';
import { type Contestant, inTurns, type Outcome } from '../measure.ts';
import { generator } from '../patterns.ts';
import { pictureShown } from '../picture-shown.ts';
import type { Row, SuiteResult } from '../report.ts';
import { type Windows, withWindows } from '../windows.ts';

/** Milliseconds of use: with the tasks traced, and after reopening the chain with the messages measured. */
const TRACED = 30_000;
const WEIGHED = 10_000;
const SHARE = 0.999;
/** Longest task of each process that is good, in milliseconds, and largest message in bytes. */
const LONGEST = { main: 8, window: 16 } as const;
const LARGEST_MESSAGE = 2 ** 20;

const MIB = 2 ** 20;

/** Measures the suite; without an Electron runtime or a display it says why it could not. */
export function measureTasks(bench: Bench): Promise<SuiteResult> {
  return withWindows(bench, async windows => {
    const { size, runs } = bench.options;
    const chain = bench.store.chain('alt', size);
    const end = driveGently();
    const outcomes = await inTurns([useRun(bench, windows, chain)], runs).finally(end);
    const [use] = outcomes as [Outcome];
    const rows = (['main', 'window'] as const).flatMap((side): Row[] => [
      {
        what: `999 of 1000 tasks of the ${side === 'main' ? 'main process' : 'window'}, alt ${size}`,
        unit: 'ms',
        ours: medianOf(use, `${side}Most`),
        atMost: LONGEST[side],
      },
      {
        what: 'the same by CPU time',
        unit: 'ms',
        ours: medianOf(use, `${side}MostCpu`),
        atMost: LONGEST[side],
      },
      { what: 'the longest of all', unit: 'ms', ours: medianOf(use, `${side}Longest`) },
      { what: 'the longest of all by CPU time', unit: 'ms', ours: medianOf(use, `${side}LongestCpu`) },
    ]);
    rows.push({
      what: 'largest message between the two',
      unit: 'MiB',
      ours: medianOf(use, 'largestMessage') / MIB,
      atMost: LARGEST_MESSAGE / MIB,
    });
    return { rows, outcomes, notes: [] };
  });
}

function useRun({ root }: Bench, { start, runtime, isRoot }: Windows, chain: BenchChain): Contestant {
  // Not bundled: it finds its own files, and Electron by the variable, from where it lies.
  process.env.ELECTRON_OVERRIDE_DIST_PATH = runtime;
  const load = createRequire(join(root, 'package.json'));
  const { _electron: electron } = load('@playwright/test') as typeof import('@playwright/test');
  return {
    name: `use of the window, alt ${chain.sizeName}`,
    async run() {
      const profile = mkdtempSync(join(tmpdir(), 'cow-tasks-'));
      const words = ['--window-size=1600x1000', '--', chain.top];
      const app = await electron.launch({
        args: [...start.flags, `--user-data-dir=${profile}`, root, '--', ...words],
        env: Object.fromEntries(Object.entries(start.env).map(([name, value = '']) => [name, value])),
        chromiumSandbox: !isRoot,
      });
      try {
        const page = await app.firstWindow();
        await page.waitForFunction(pictureShown);
        const random = generator(1);
        const use = async (length: number) => {
          for (const end = performance.now() + length; performance.now() < end; )
            await actAtRandom(app, page, random);
        };
        const { main, window } = await traceTasks(app, () => use(TRACED));
        await installMessageProbe(app);
        await command(app, 'close');
        await page.locator('.lanes').waitFor({ state: 'hidden' });
        await openFiles(app, [chain.top]);
        await page.locator('.lanes').waitFor();
        await use(WEIGHED);
        const { largest, messages, failures } = await messagesSeen(app);
        if (failures.length > 0) throw new Error(`a call of the window failed: ${failures[0]}`);
        return {
          ...figuresOf('main', main),
          ...figuresOf('window', window),
          largestMessage: largest,
          messages,
        };
      } finally {
        await app.close();
        rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
      }
    },
  };
}

function figuresOf(side: string, { wall, cpu }: Tasks) {
  return {
    [`${side}Tasks`]: wall.length,
    [`${side}Most`]: percentile(wall, SHARE),
    [`${side}MostCpu`]: percentile(cpu, SHARE),
    [`${side}Longest`]: wall.at(-1) ?? Number.NaN,
    [`${side}LongestCpu`]: cpu.at(-1) ?? Number.NaN,
  };
}
