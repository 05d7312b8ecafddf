import { useCallback, useState } from 'react';
import { legendOn } from '../../../../shared/legend.ts';
import type { OpenedChain } from '../../../../shared/model/chain.ts';
import type { TrackInfo } from '../../../../shared/model/track.ts';
import { summarizeStrip } from '../../../data/summary.ts';
import { drawnStrip } from '../../../state/chain/chain-data.ts';
import { useFollower } from '../../../ui/hooks/use-follower.ts';
import { trackSummary } from './track-summary.ts';

/** The text that describes a track to a screen reader. It follows when the view has settled. */
export function useTrackSummary(track: TrackInfo, chain: OpenedChain): string {
  const [summary, setSummary] = useState(`${track.title}: loading`);
  const update = useCallback(() => {
    const strip = drawnStrip(track.id);
    if (strip !== undefined) setSummary(trackSummary(track, summarizeStrip(strip), legendOn(track, chain)));
  }, [track, chain]);
  useFollower('settled', update);
  return summary;
}
