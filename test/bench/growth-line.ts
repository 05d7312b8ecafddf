/** Line `growth`: what eight times the disk costs. */
import { type Bench, cowscopeRun, medianOf } from './context.ts';
import { inTurns, type Outcome } from './measure.ts';
import type { LineResult } from './report.ts';

/** Measures the line, on M and L whatever the size asked for. */
export async function growthLine(bench: Bench): Promise<LineResult> {
  const contestants = (['M', 'L'] as const).map(size => {
    const { top } = bench.store.chain('alt', size);
    return cowscopeRun(bench, `cowscope map --totals, alt ${size}`, [
      'map',
      '--totals',
      '--witness',
      'metadata',
      top,
    ]);
  });
  const outcomes = await inTurns(contestants, bench.options.runs);
  const [small, large] = outcomes as [Outcome, Outcome];
  const rows = (['seconds', 'peak'] as const).map(figure => ({
    what:
      figure === 'seconds' ? 'map --totals, alt L against alt M' : 'peak memory of it, alt L against alt M',
    unit: figure === 'seconds' ? ('s' as const) : ('MiB' as const),
    ours: medianOf(large, figure) / (figure === 'seconds' ? 1 : 2 ** 20),
    peer: { name: 'M', value: medianOf(small, figure) / (figure === 'seconds' ? 1 : 2 ** 20) },
    atMost: 8.5,
  }));
  return { rows, outcomes, notes: [] };
}
