import { useCallback, useState } from 'react';
import type { TrackInfo } from '../../shared/ipc/contract.ts';
import { summarise } from '../lod/summary.ts';
import { drawnStrip } from '../state/session.ts';
import { usePainter } from '../views/use-painter.ts';
import { trackSummary } from './track-summary.ts';

/** Milliseconds without drawing after which a view counts as settled. */
const SETTLED = 300;

/** The track in words, brought up to date when the view has settled, never in every frame. */
export function useTrackSummary(track: TrackInfo): string {
  const [summary, setSummary] = useState(`${track.title}: loading`);
  const [timer] = useState<{ id: ReturnType<typeof setTimeout> | undefined }>({ id: undefined });
  const later = useCallback(() => {
    clearTimeout(timer.id);
    timer.id = setTimeout(() => {
      const strip = drawnStrip(track.id);
      if (strip !== undefined) setSummary(trackSummary(track, summarise(strip)));
    }, SETTLED);
  }, [track, timer]);
  usePainter(later);
  return summary;
}
