/** Which of all damaged places one is, as a walk from finding to finding over the tracks meets them. */
import type { Pyramid } from '../../../shared/extent/pyramid.ts';
import type { FindingNumberRequest, MatchNumber } from '../../../shared/ipc/questions.ts';
import type { FindingLog } from '../findings/finding-log.ts';
import type { ChainTables } from '../tables/chain-tables.ts';
import type { Superseded } from './page-loop.ts';
import { forMatches } from './seek.ts';

/**
 * The number of the place at an offset of a track, and how many there are: by offset, and at one offset from the top down.
 * Places are those where a finding begins on its layer's track, and the starts of damaged ranges, each once.
 */
export async function findingNumberIn(
  tables: ChainTables,
  pyramid: Pyramid,
  findings: FindingLog,
  { track, offset }: FindingNumberRequest,
  superseded?: Superseded,
): Promise<MatchNumber> {
  let [number, total] = [0, 0];
  const named = new Set<number>();
  for (const { id, kind, layer } of tables.tracks()) {
    if (kind === 'guest') continue;
    const last = id <= track ? offset : offset - 1;
    const count = (start: number) => {
      total++;
      if (start <= last) number++;
    };
    // Findings of an export that has a track for each depth are shown on the first of them.
    const starts = named.has(layer) ? new Set<number>() : findings.startsOf(layer);
    named.add(layer);
    starts.forEach(count);
    const countOthers = (start: number) => {
      if (!starts.has(start)) count(start);
    };
    await forMatches(tables, pyramid, { track: id, kind: 'damaged' }, countOthers, superseded);
  }
  return { number, total };
}
