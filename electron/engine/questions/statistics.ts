/** Sums of every track over a range. */
import { segmentAt } from '../../../shared/extent/columns.ts';
import { createRunCounter } from '../../../shared/extent/statistics.ts';
import type { TrackStatistics } from '../../../shared/model/statistics.ts';
import type { ChainTables } from '../tables/chain-tables.ts';
import { slotWord } from './extents.ts';
import { forPages, type Superseded } from './page-loop.ts';

/** Statistics of every track over [start,end). */
export async function statisticsOf(
  tables: ChainTables,
  start: number,
  end: number,
  superseded?: Superseded,
): Promise<TrackStatistics[]> {
  const { slotCount } = tables;
  const counters = Array.from({ length: slotCount + 1 }, (_, t) =>
    createRunCounter(t === 0 ? 0 : slotCount + 1 - t),
  );
  await forPages(
    tables,
    start,
    Math.min(end, tables.plan.size),
    page => {
      const swept = tables.sweep(page);
      for (let i = segmentAt(swept, Math.max(0, start - swept.base)); i < swept.count; i++) {
        const from = Math.max(start, swept.base + (swept.starts[i] as number));
        const to = Math.min(end, swept.base + (swept.starts[i + 1] as number));
        if (from >= to) break;
        counters.forEach((counter, t) => {
          counter.add(from, to, slotWord(swept, t - 1, i));
        });
      }
      return undefined;
    },
    { superseded },
  );
  return counters.map(counter => counter.finish()).sort((a, b) => a.track - b.track);
}
