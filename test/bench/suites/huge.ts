/** Suite `huge`: a disk of 16 TiB in four layers, whose L2 tables are 8 GiB, against 1 TiB in as many. */
import { type Bench, cowscopeRun } from '../context.ts';
import type { Contestant, Outcome } from '../measure.ts';
import type { Row, SuiteResult } from '../report.ts';
import { pairRows } from './growth.ts';

const LAYERS = 4;
/** Sixteen times the disk may cost as many times the time and a little more. */
const LIMITS = { time: 17, memory: { mib: 400 } };
/** Runs that count unless told otherwise: one takes most of a minute. */
const RUNS = 1;

/** Measures the suite, on M and XL whatever the size asked for. */
export async function measureHuge(bench: Bench): Promise<SuiteResult> {
  const chains = (['M', 'XL'] as const).map(size => bench.store.chain('alt', size, LAYERS));
  const rows: Row[] = [];
  const outcomes: Outcome[] = [];
  for (const [what, words] of [
    ['map --totals', ['map', '--totals', '--witness', 'metadata']],
    ['check', ['check', '--output', 'json']],
  ] as const) {
    const runs = chains.map(({ top, sizeName }) =>
      cowscopeRun(bench, `cowscope ${what}, alt ${sizeName}, ${LAYERS} layers`, [...words, top]),
    ) as [Contestant, Contestant];
    const pair = { what: `${what}, alt XL against M, ${LAYERS} layers`, small: 'M', runs };
    rows.push(...(await pairRows(pair, LIMITS, bench.options.runs ?? RUNS, outcomes)));
  }
  return { rows, outcomes, notes: [] };
}
