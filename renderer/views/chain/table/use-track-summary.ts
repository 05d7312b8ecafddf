import { useMemo, useState } from 'react';
import { legendOf } from '../../../../shared/legend.ts';
import type { OpenedChain } from '../../../../shared/model/chain.ts';
import type { TrackInfo } from '../../../../shared/model/track.ts';
import { summarize } from '../../../data/summary.ts';
import { drawnStrip } from '../../../state/chain/chain-data.ts';
import { usePainter } from '../../../ui/hooks/use-painter.ts';
import { trackSummary } from './track-summary.ts';

/** Milliseconds without drawing after which a view counts as settled. */
const SETTLED = 300;

/** The track in words, brought up to date when the view has settled, never in every frame. */
export function useTrackSummary(track: TrackInfo, chain: OpenedChain): string {
  const [summary, setSummary] = useState(`${track.title}: loading`);
  const later = useMemo(() => {
    let drawn = 0;
    let waiting = false;
    // One timer until the view rests: a new one for every track in every frame would cost more than the summary.
    const look = () => {
      const rested = performance.now() - drawn;
      if (rested < SETTLED) {
        setTimeout(look, SETTLED - rested);
        return;
      }
      waiting = false;
      const strip = drawnStrip(track.id);
      if (strip !== undefined) setSummary(trackSummary(track, summarize(strip), legendOf(chain)));
    };
    return () => {
      drawn = performance.now();
      if (!waiting) setTimeout(look, SETTLED);
      waiting = true;
    };
  }, [track, chain]);
  usePainter(later);
  return summary;
}
