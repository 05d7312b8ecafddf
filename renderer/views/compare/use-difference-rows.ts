import { useEffect, useState } from 'react';
import type { Difference } from '../../../shared/model/comparison.ts';
import { invoke } from '../../bridge/bridge.ts';
import type { ComparisonView } from '../../state/compare/compare-state.ts';

/** Differences of one request. */
const PAGE_ROWS = 200;

/** The rows that are loaded, for the kinds and the number of them that they were asked for. */
interface Loaded {
  readonly key: string;
  readonly pages: ReadonlyMap<number, readonly Difference[]>;
}

/** Gives the difference of a row, undefined while it is not loaded. Pages are loaded as rows [first, last) come into sight. */
export function useDifferenceRows(
  { opened, kinds }: ComparisonView,
  total: number,
  first: number,
  last: number,
): (row: number) => Difference | undefined {
  const { comparisonId } = opened;
  const key = `${comparisonId} ${kinds} ${total}`;
  const [loaded, setLoaded] = useState<Loaded>({ key: '', pages: new Map() });
  const from = Math.floor(first / PAGE_ROWS);
  const to = Math.ceil(Math.min(last, total) / PAGE_ROWS);
  let missing = -1;
  for (let page = from; page < to && missing < 0; page++)
    if (loaded.key !== key || !loaded.pages.has(page)) missing = page;
  useEffect(() => {
    if (missing < 0) return;
    let isNewest = true;
    const request = { comparisonId, kinds, skip: missing * PAGE_ROWS, most: PAGE_ROWS };
    void invoke('compare:differences', request).then(reply => {
      if (!isNewest || !reply.ok) return;
      setLoaded(before => ({
        key,
        pages: new Map([...(before.key === key ? before.pages : []), [missing, reply.value.rows]]),
      }));
    });
    return () => {
      isNewest = false;
    };
  }, [comparisonId, kinds, key, missing]);
  // What was loaded before stays until its rows are loaded again.
  return row => loaded.pages.get(Math.floor(row / PAGE_ROWS))?.[row % PAGE_ROWS];
}
