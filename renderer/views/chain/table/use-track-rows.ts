import { useCallback, useState } from 'react';
import type { OpenedChain } from '../../../../shared/model/chain.ts';
import type { TrackInfo } from '../../../../shared/model/track.ts';
import { requestDraw } from '../../../canvas/frame.ts';
import { currentLoader, loadedRevision } from '../../../state/chain/chain-data.ts';
import { getState } from '../../../state/store.ts';
import { usePainter } from '../../../ui/hooks/use-painter.ts';
import { type TrackRow, trackRows } from './track-rows.ts';

/** Milliseconds between two looks: nobody reads rows that are others in every frame, and thousands of them cost frames. */
const PACE = 150;

/** The extents in view, or undefined while they are not known one by one. They follow what is in view a few times a second. */
export function useTrackRows(track: TrackInfo, chain: OpenedChain): readonly TrackRow[] | undefined {
  const [rows, setRows] = useState<readonly TrackRow[]>();
  const [last] = useState({ key: '', at: Number.NEGATIVE_INFINITY, shouldYield: false });
  const look = useCallback(() => {
    const { viewport } = getState();
    const key = `${viewport.start} ${viewport.end} ${loadedRevision()}`;
    if (last.key === key || last.shouldYield) return;
    const left = last.at + PACE - performance.now();
    if (left > 0) {
      last.shouldYield = true;
      setTimeout(() => {
        last.shouldYield = false;
        requestDraw();
      }, left);
      return;
    }
    last.key = key;
    last.at = performance.now();
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
