import { useCallback, useState } from 'react';
import type { OpenedChain } from '../../../../shared/model/chain.ts';
import type { TrackInfo } from '../../../../shared/model/track.ts';
import { dataOf } from '../../../state/axes/axis-data.ts';
import { getAxis } from '../../../state/store.ts';
import { useFollower } from '../../../ui/hooks/use-follower.ts';
import { type TrackRow, trackRows } from './track-rows.ts';

/**
 * The extents in view, or undefined while they are not known one by one. They follow the view a few times a second:
 * rows that change in every frame cannot be read, and thousands of them cost frames.
 */
export function useTrackRows(track: TrackInfo, chain: OpenedChain): readonly TrackRow[] | undefined {
  const [rows, setRows] = useState<readonly TrackRow[]>();
  const [last] = useState({ key: '' });
  const update = useCallback(() => {
    const { viewport } = getAxis('guest');
    const { loader, revision } = dataOf('guest');
    const key = `${viewport.start} ${viewport.end} ${revision}`;
    if (last.key === key) return;
    last.key = key;
    const extents = loader?.exact.covers(viewport) === true ? loader.exact.get() : undefined;
    setRows(extents === undefined ? undefined : trackRows(extents, viewport, track, chain));
  }, [track, chain, last]);
  useFollower('paced', update);
  return rows;
}
