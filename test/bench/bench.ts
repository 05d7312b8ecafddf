/**
 * npm run bench: cowscope against its peers and against physical limits, in turns in one run, on images made here.
 * docs/performance.md says what is compared and what not to trust.
 */
import { join } from 'node:path';
import type { Bench } from './context.ts';
import { openImageStore } from './images.ts';
import { createMeter, progress } from './measure.ts';
import { type BenchOptions, parseOptions, type SuiteName, USAGE } from './options.ts';
import { describeCommit, describeSetting, type SuiteResult, tableOf, writeResults } from './report.ts';
import { measureCheck } from './suites/check.ts';
import { measureDraw } from './suites/draw.ts';
import { measureGrowth } from './suites/growth.ts';
import { measureHuge } from './suites/huge.ts';
import { measureListing } from './suites/listing.ts';
import { measureMap } from './suites/map.ts';
import { measureMerge } from './suites/merge.ts';
import { measureNbd } from './suites/nbd.ts';
import { measureOpen } from './suites/open.ts';
import { measurePackage } from './suites/package.ts';
import { measureSlow } from './suites/slow.ts';
import { measureStore } from './suites/store.ts';
import { measureTasks } from './suites/tasks.ts';

const EXIT_USAGE = 64;

const MEASURES: Readonly<Record<SuiteName, (bench: Bench) => Promise<SuiteResult>>> = {
  map: measureMap,
  nbd: measureNbd,
  listing: measureListing,
  slow: measureSlow,
  check: measureCheck,
  store: measureStore,
  merge: measureMerge,
  draw: measureDraw,
  open: measureOpen,
  tasks: measureTasks,
  package: measurePackage,
  growth: measureGrowth,
  huge: measureHuge,
};

/** Suites that no tool but Node is needed for. */
const WITHOUT_PEER: readonly SuiteName[] = ['slow', 'merge', 'draw', 'open', 'tasks', 'package'];

function say(line: string): void {
  progress('');
  process.stderr.write(`${line}\n`);
}

async function run(options: BenchOptions): Promise<void> {
  const setting = describeSetting();
  const meter = createMeter();
  const store = openImageStore(options.images, say);
  const bench = { options, store, meter, dist: __dirname, root: join(__dirname, '..') };
  const results: (SuiteResult & { readonly line: SuiteName })[] = [];
  const cleanUp = () => {
    meter.remove();
    if (!options.keep) store.remove();
  };
  process.once('exit', cleanUp);
  process.once('SIGINT', () => process.exit(130));
  say(`${setting.machine}; ${setting.programs}`);
  if (meter.missing !== '')
    say(`Without the helper library (${meter.missing}) qemu pays for holes, and memory and CPU are unknown.`);

  for (const suite of options.suites) {
    try {
      const result = await MEASURES[suite](bench);
      results.push({ line: suite, ...result });
      if (result.rows.length > 0) console.log(`\n${suite}\n\n${tableOf(result.rows)}`);
      for (const note of result.notes) say(note);
    } catch (error) {
      process.exitCode = 1;
      const why = error instanceof Error ? error.message : String(error);
      const hint =
        why.includes('ENOENT') && !WITHOUT_PEER.includes(suite)
          ? ' (are qemu-utils and libnbd-bin installed?)'
          : '';
      say(`${suite}: not measured, ${why}${hint}`);
    }
  }
  const qemuPaysForHoles = meter.missing !== '';
  const name = `bench-${options.size}`;
  const written = writeResults(join(bench.root, 'bench-results'), name, {
    date: new Date().toISOString().slice(0, 10),
    commit: describeCommit(bench.root),
    setting,
    options: { lines: options.suites, size: options.size, runs: options.runs },
    qemuPaysForHoles,
    results,
  });
  say(`\nwritten to ${written}`);
}

let options: BenchOptions | undefined;
try {
  options = parseOptions(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n${USAGE}\n`);
  process.exitCode = EXIT_USAGE;
}
if (options !== undefined)
  run(options).catch(error => {
    console.error(error);
    process.exitCode = 1;
  });
