/** Line `growth`: what eight times the disk costs. */
import { type Bench, cowscopeRun, medianOf } from '../context.ts';
import { type Contestant, inTurns, type Outcome } from '../measure.ts';
import type { Pattern } from '../patterns.ts';
import type { LineResult, Row } from '../report.ts';
import { firstPicture } from './map.ts';

/** Most that eight times the disk may cost, in time and in memory. */
const AT_MOST = 8.5;
const MIB = 2 ** 20;

/** One thing done on M and on L. */
interface Pair {
  readonly what: string;
  readonly pattern: Pattern;
  readonly runs: readonly Contestant[];
}

/** Measures the line, on M and L whatever the size asked for. */
export async function growthLine(bench: Bench): Promise<LineResult> {
  const chainsOf = (pattern: Pattern) => (['M', 'L'] as const).map(size => bench.store.chain(pattern, size));
  const program = (
    what: string,
    pattern: Pattern,
    words: readonly string[],
    output: 'nowhere' | 'pipe' = 'nowhere',
  ): Pair => ({
    what,
    pattern,
    runs: chainsOf(pattern).map(({ top, sizeName }) =>
      cowscopeRun(bench, `cowscope ${what}, ${pattern} ${sizeName}`, [...words, top], output),
    ),
  });
  const pairs: readonly Pair[] = [
    program('map --totals', 'alt', ['map', '--totals', '--witness', 'metadata']),
    program('map --as qemu-img', 'alt', ['map', '--as', 'qemu-img'], 'pipe'),
    { what: 'open to first picture (engine)', pattern: 'alt', runs: chainsOf('alt').map(firstPicture) },
    // What a server says is kept as a whole: alt on 8 TiB has more extents than fit in memory, and is refused.
    program('both contexts, own tuned servers', 'random', ['map', '--totals', '--witness', 'nbd']),
  ];
  const rows: Row[] = [];
  const outcomes: Outcome[] = [];
  for (const { what, pattern, runs } of pairs) {
    const [small, large] = (await inTurns(runs, bench.options.runs)) as [Outcome, Outcome];
    outcomes.push(small, large);
    rows.push({
      what: `${what}, ${pattern} L against M`,
      unit: 's',
      ours: medianOf(large, 'seconds'),
      peer: { name: 'M', value: medianOf(small, 'seconds') },
      atMost: AT_MOST,
    });
    if (large.median.peak === undefined) continue; // measured within this process
    rows.push({
      what: `peak memory of it, ${pattern} L against M`,
      unit: 'MiB',
      ours: medianOf(large, 'peak') / MIB,
      peer: { name: 'M', value: medianOf(small, 'peak') / MIB },
      atMost: AT_MOST,
    });
  }
  return { rows, outcomes, notes: [] };
}
