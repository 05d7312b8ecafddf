import type { CSSProperties } from 'react';
import type { OpenedChain } from '../../../../shared/model/chain.ts';
import { useStore } from '../../../state/store.ts';
import { useFindingCounts } from '../../../ui/hooks/use-finding-counts.ts';
import { useTrackBytes } from '../../../ui/hooks/use-track-bytes.ts';
import { BrokenLane } from './broken-lane.tsx';
import { TrackLane } from './track-lane.tsx';
import { useBitmaps } from './use-bitmaps.ts';

/** One lane a track, the guest's view first, then the layers from top to base. */
export function LaneList({ chain }: { readonly chain: OpenedChain }) {
  const hidden = useStore(state => state.hidden);
  const bytes = useTrackBytes(chain, undefined);
  const counts = useFindingCounts();
  useBitmaps(chain);
  const findingsOf = (layer: number) =>
    counts.reduce(
      (sum, count) => (count.layer === layer && count.severity !== 'note' ? sum + count.findings : sum),
      0,
    );
  const base = chain.chain.layers[0];
  const shown = chain.tracks.length - hidden.size + (chain.chain.complete ? 0 : 1);
  return (
    <div className="lanes" style={{ '--count': shown } as CSSProperties}>
      {chain.tracks.map(track => (
        <TrackLane
          key={track.id}
          track={track}
          chain={chain}
          bytes={bytes?.[track.id]}
          findings={findingsOf(track.layer)}
        />
      ))}
      {base !== undefined && !chain.chain.complete && <BrokenLane layer={base} />}
    </div>
  );
}
