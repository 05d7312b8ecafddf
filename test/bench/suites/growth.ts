/** Suite `growth`: what eight times the disk costs. */
import { type Bench, cowscopeRun, medianOf } from '../context.ts';
import { type Contestant, inTurns, type Outcome } from '../measure.ts';
import type { Pattern } from '../patterns.ts';
import type { Row, SuiteResult } from '../report.ts';
import { firstPicture } from './map.ts';

/** Most that eight times the disk may cost, in time and in memory. */
const AT_MOST = 8.5;
const MIB = 2 ** 20;

/** One thing done on a disk and on a larger one. */
export interface Pair {
  /** What is done, and on what. */
  readonly what: string;
  /** The smaller one's name. */
  readonly small: string;
  readonly runs: readonly [small: Contestant, large: Contestant];
}

/** What the larger disk may cost: in time as a ratio, in memory as a ratio or in MiB. */
export interface Limits {
  readonly time: number;
  readonly memory: { readonly ratio: number } | { readonly mib: number };
}

/** Measures a pair; `outcomes` takes the single runs. */
export async function pairRows(
  { what, small, runs }: Pair,
  limits: Limits,
  turns: number | undefined,
  outcomes: Outcome[],
): Promise<Row[]> {
  const [lesser, larger] = (await inTurns(runs, turns)) as [Outcome, Outcome];
  outcomes.push(lesser, larger);
  const peerOf = (value: number) => ({ name: small, value });
  const ours = medianOf(larger, 'seconds');
  const peer = peerOf(medianOf(lesser, 'seconds'));
  const rows: Row[] = [{ what, unit: 's', ours, peer, atMost: limits.time }];
  if (larger.median.peak === undefined) return rows; // measured within this process
  // Less than the time where it waited for the disk: the page cache did not hold all tables.
  const cpu = peerOf(medianOf(lesser, 'cpu'));
  rows.push({ what: `CPU of ${what}`, unit: 's', ours: medianOf(larger, 'cpu'), peer: cpu });
  const memory = {
    what: `peak memory of ${what}`,
    unit: 'MiB' as const,
    ours: medianOf(larger, 'peak') / MIB,
  };
  rows.push(
    'mib' in limits.memory
      ? { ...memory, atMost: limits.memory.mib }
      : { ...memory, peer: peerOf(medianOf(lesser, 'peak') / MIB), atMost: limits.memory.ratio },
  );
  return rows;
}

/** Measures the suite, on M and L whatever the size asked for. */
export async function measureGrowth(bench: Bench): Promise<SuiteResult> {
  const chainsOf = (pattern: Pattern) => (['M', 'L'] as const).map(size => bench.store.chain(pattern, size));
  const program = (
    what: string,
    pattern: Pattern,
    words: readonly string[],
    output: 'nowhere' | 'pipe' = 'nowhere',
  ): Pair => ({
    what: `${what}, ${pattern} L against M`,
    small: 'M',
    runs: chainsOf(pattern).map(({ top, sizeName }) =>
      cowscopeRun(bench, `cowscope ${what}, ${pattern} ${sizeName}`, [...words, top], output),
    ) as [Contestant, Contestant],
  });
  const pairs: readonly Pair[] = [
    program('map --totals', 'alt', ['map', '--totals', '--witness', 'metadata']),
    program('map --as qemu-img', 'alt', ['map', '--as', 'qemu-img'], 'pipe'),
    {
      what: 'open to first picture (engine), alt L against M',
      small: 'M',
      runs: chainsOf('alt').map(firstPicture) as [Contestant, Contestant],
    },
    // What a server says is kept as a whole: alt on 8 TiB has more extents than fit in memory, and is refused.
    program('both contexts, own tuned servers', 'random', ['map', '--totals', '--witness', 'nbd']),
  ];
  const rows: Row[] = [];
  const outcomes: Outcome[] = [];
  const limits = { time: AT_MOST, memory: { ratio: AT_MOST } };
  for (const pair of pairs) rows.push(...(await pairRows(pair, limits, bench.options.runs, outcomes)));
  return { rows, outcomes, notes: [] };
}
