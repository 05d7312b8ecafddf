import { useEffect, useState } from 'react';
import type { ExtentDetails } from '../../../../shared/model/track.ts';
import { requestExtentDetails } from '../../../state/selection/extent-details.ts';
import { useStore } from '../../../state/store.ts';
import type { TrackRow } from './track-rows.ts';

/** The details of the rows that are rendered, by row; they arrive later, and again whenever more was found. */
export function useRowDetails(rows: readonly TrackRow[]): ReadonlyMap<string, ExtentDetails> {
  const [known, setKnown] = useState<ReadonlyMap<string, ExtentDetails>>(new Map());
  const findings = useStore(state => state.findings);
  const key = rows.map(rowKey).join(' ');
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key is that of the rows
  useEffect(() => {
    let isNewest = true;
    void requestExtentDetails(rows).then(details => {
      if (!isNewest) return;
      const pairs = rows.flatMap((row, i) => {
        const found = details[i];
        return found === undefined ? [] : [[rowKey(row), found] as const];
      });
      setKnown(new Map(pairs));
    });
    return () => {
      isNewest = false;
    };
  }, [key, findings]);
  return known;
}

/** What tells one row from every other, of whatever view. */
export function rowKey({ layer, start, length }: TrackRow): string {
  return `${layer} ${start} ${length}`;
}
