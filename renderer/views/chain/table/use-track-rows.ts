import { useCallback, useState } from 'react';
import type { OpenedChain } from '../../../../shared/model/chain.ts';
import type { TrackInfo } from '../../../../shared/model/track.ts';
import type { Viewport } from '../../../axis/viewport.ts';
import { dataOf } from '../../../state/axes/axis-data.ts';
import { requestFirstExtents } from '../../../state/selection/first-extents.ts';
import { getAxis } from '../../../state/store.ts';
import { useFollower } from '../../../ui/hooks/use-follower.ts';
import { type TrackRow, trackRows } from './track-rows.ts';

/** The extents in view that a table lists. */
export interface ListedRows {
  readonly rows: readonly TrackRow[];
  /** Where the list ends before what is in view does, in bytes: more extents are too many for one list. */
  readonly end: number | undefined;
}

/**
 * The extents in view; undefined while they are on their way. They follow the view a few times a second: rows that change
 * in every frame cannot be read, and thousands of them cost frames. Where they are too many the first of them are listed
 * once the view rests.
 */
export function useTrackRows(track: TrackInfo, chain: OpenedChain): ListedRows | undefined {
  const [listed, setListed] = useState<ListedRows>();
  const [last] = useState({ key: '', firstKey: '' });
  const listAll = useCallback(() => {
    const { viewport } = getAxis('guest');
    const { loader, revision } = dataOf('guest');
    const extents = loader?.exact.covers(viewport) === true ? loader.exact.get() : undefined;
    // The first of too many stay listed until another view is shown, or they are listed again.
    const key = extents === undefined ? viewKey(viewport) : `${viewKey(viewport)} ${revision}`;
    if (last.key === key) return;
    last.key = key;
    setListed(
      extents === undefined
        ? undefined
        : { rows: trackRows(extents, viewport, track, chain), end: undefined },
    );
  }, [track, chain, last]);
  const listFirst = useCallback(async () => {
    const { viewport } = getAxis('guest');
    const key = `${viewKey(viewport)} ${dataOf('guest').revision}`;
    if (!areTooMany(viewport) || last.firstKey === key) return;
    last.firstKey = key;
    const extents = await requestFirstExtents(viewport);
    if (extents === undefined || last.firstKey !== key) return;
    if (viewKey(getAxis('guest').viewport) !== viewKey(viewport) || !areTooMany(viewport)) return;
    const { end } = extents;
    setListed({ rows: trackRows(extents, { start: viewport.start, end }, track, chain), end });
  }, [track, chain, last]);
  useFollower('paced', listAll);
  useFollower('settled', listFirst);
  return listed;
}

/** True if the extents of a view are known to be too many: nothing is on its way that would list them. */
function areTooMany(view: Viewport): boolean {
  const { loader } = dataOf('guest');
  return loader !== undefined && !loader.exact.covers(view) && !loader.isBusy();
}

function viewKey({ start, end }: Viewport): string {
  return `${start} ${end}`;
}
