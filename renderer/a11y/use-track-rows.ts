import { useCallback, useState } from 'react';
import type { OpenedChain, TrackInfo } from '../../shared/ipc/contract.ts';
import { currentLoader, loadedRevision } from '../state/session.ts';
import { now } from '../state/store.ts';
import { usePainter } from '../views/use-painter.ts';
import { type TrackRow, trackRows } from './track-rows.ts';

/** The extents in view, or undefined while they are not known one by one. */
export function useTrackRows(track: TrackInfo, chain: OpenedChain): readonly TrackRow[] | undefined {
  const [rows, setRows] = useState<readonly TrackRow[]>();
  const [last] = useState({ key: '' });
  const look = useCallback(() => {
    const { viewport } = now();
    const key = `${viewport.start} ${viewport.end} ${loadedRevision()}`;
    if (last.key === key) return;
    last.key = key;
    const exact = currentLoader()?.exact;
    const extents = exact?.get();
    setRows(
      exact === undefined || extents === undefined || !exact.covers(viewport)
        ? undefined
        : trackRows(extents, viewport, track, chain),
    );
  }, [track, chain, last]);
  usePainter(look);
  return rows;
}
