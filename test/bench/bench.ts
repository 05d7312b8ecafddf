/**
 * npm run bench: cowscope against its peers and against physical limits, in turns in one run, on images made here.
 * docs/performance.md says what is compared and what not to trust.
 */
import { join } from 'node:path';
import type { Bench } from './context.ts';
import { openImageStore } from './images.ts';
import { createMeter, progress } from './measure.ts';
import { type BenchOptions, type LineName, parseOptions, USAGE } from './options.ts';
import { describeCommit, describeSetting, type LineResult, tableOf, writeResults } from './report.ts';
import { checkLine } from './suites/check.ts';
import { drawLine } from './suites/draw.ts';
import { growthLine } from './suites/growth.ts';
import { hugeLine } from './suites/huge.ts';
import { listingLine } from './suites/listing.ts';
import { mapLine } from './suites/map.ts';
import { mergeLine } from './suites/merge.ts';
import { nbdLine } from './suites/nbd.ts';
import { openLine } from './suites/open.ts';
import { packageLine } from './suites/package.ts';
import { slowLine } from './suites/slow.ts';
import { storeLine } from './suites/store.ts';
import { tasksLine } from './suites/tasks.ts';

const EXIT_USAGE = 64;

const MEASURES: Readonly<Record<LineName, (bench: Bench) => Promise<LineResult>>> = {
  map: mapLine,
  nbd: nbdLine,
  listing: listingLine,
  slow: slowLine,
  check: checkLine,
  store: storeLine,
  merge: mergeLine,
  draw: drawLine,
  open: openLine,
  tasks: tasksLine,
  package: packageLine,
  growth: growthLine,
  huge: hugeLine,
};

/** Lines that no tool but Node is needed for. */
const WITHOUT_PEER: readonly LineName[] = ['slow', 'merge', 'draw', 'open', 'tasks', 'package'];

function say(line: string): void {
  progress('');
  process.stderr.write(`${line}\n`);
}

async function run(options: BenchOptions): Promise<void> {
  const setting = describeSetting();
  const meter = createMeter();
  const store = openImageStore(options.images, say);
  const bench = { options, store, meter, dist: __dirname, root: join(__dirname, '..') };
  const results: (LineResult & { readonly line: LineName })[] = [];
  const cleanUp = () => {
    meter.remove();
    if (!options.keep) store.remove();
  };
  process.once('exit', cleanUp);
  process.once('SIGINT', () => process.exit(130));
  say(`${setting.machine}; ${setting.programs}`);
  if (meter.missing !== '')
    say(`Without the helper library (${meter.missing}) qemu pays for holes, and memory and CPU are unknown.`);

  for (const line of options.lines) {
    try {
      const result = await MEASURES[line](bench);
      results.push({ line, ...result });
      if (result.rows.length > 0) console.log(`\n${line}\n\n${tableOf(result.rows)}`);
      for (const note of result.notes) say(note);
    } catch (error) {
      process.exitCode = 1;
      const why = error instanceof Error ? error.message : String(error);
      const hint =
        why.includes('ENOENT') && !WITHOUT_PEER.includes(line)
          ? ' (are qemu-utils and libnbd-bin installed?)'
          : '';
      say(`${line}: not measured, ${why}${hint}`);
    }
  }
  const qemuPaysForHoles = meter.missing !== '';
  const name = `bench-${options.size}`;
  const written = writeResults(join(bench.root, 'bench-results'), name, {
    date: new Date().toISOString().slice(0, 10),
    commit: describeCommit(bench.root),
    setting,
    options: { lines: options.lines, size: options.size, runs: options.runs },
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
