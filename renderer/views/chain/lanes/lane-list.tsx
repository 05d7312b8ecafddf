import type { CSSProperties } from 'react';
import type { OpenedChain } from '../../../../shared/model/chain.ts';
import { useStore } from '../../../state/store.ts';
import { BrokenLane } from './broken-lane.tsx';
import { TrackLane } from './track-lane.tsx';

/** One lane a track, the guest's view first, then the layers from top to base. */
export function LaneList({ chain }: { readonly chain: OpenedChain }) {
  const hidden = useStore(state => state.hidden);
  const base = chain.chain.layers[0];
  const shown = chain.tracks.length - hidden.size + (chain.chain.complete ? 0 : 1);
  return (
    <div className="lanes" style={{ '--count': shown } as CSSProperties}>
      {chain.tracks.map(track => (
        <TrackLane key={track.id} track={track} chain={chain} />
      ))}
      {base !== undefined && !chain.chain.complete && <BrokenLane layer={base} />}
    </div>
  );
}
