/** Sums of a range as text for a spreadsheet. */
import { STATES } from '../../../shared/extent/flags.ts';
import type { GuestRange } from '../../../shared/ipc/questions.ts';
import type { OpenedChain } from '../../../shared/model/chain.ts';
import type { TrackStatistics } from '../../../shared/model/statistics.ts';
import { tableCell, tabSeparated } from './table-text.ts';

const COLUMNS = [
  'track',
  'start',
  'end',
  'state',
  'bytes',
  'percent',
  'runs',
  'shortest',
  'median',
  'longest',
];

/**
 * Tab-separated values, one row a track and state; bytes as plain numbers. Where layers are not open, what is known to be
 * overridden is the least, and named so.
 */
export function statisticsTsv(
  statistics: readonly TrackStatistics[],
  { tracks, chain }: OpenedChain,
  { start, end }: GuestRange,
): string {
  const rows = [COLUMNS];
  const total = end - start;
  for (const sums of statistics) {
    const title = tableCell(tracks[sums.track]?.title ?? '');
    const add = (name: string, bytes: number, rest: readonly number[]) => {
      if (bytes === 0) return;
      const share = ((bytes / total) * 100).toFixed(3);
      rows.push([title, `${start}`, `${end}`, name, `${bytes}`, share, ...rest.map(String)]);
    };
    STATES.forEach((state, i) => {
      const at = (list: readonly number[]) => list[i] ?? 0;
      add(state, at(sums.bytes), [at(sums.runs), at(sums.shortest), at(sums.median), at(sums.longest)]);
    });
    const least = chain.complete ? '' : 'AtLeast';
    add(`overrides${least}`, sums.overrideBytes, []);
    add(`holeOverrides${least}`, sums.holeOverrideBytes, []);
    add('overridden', sums.overriddenBytes, []);
    add('shadowed', sums.shadowedBytes, []);
    add('dirty', sums.dirtyBytes, []);
    add('dirtyUnknown', sums.dirtyUnknownBytes, []);
  }
  return tabSeparated(rows);
}
