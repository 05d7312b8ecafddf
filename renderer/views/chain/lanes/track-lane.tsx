import type { OpenedChain } from '../../../../shared/model/chain.ts';
import type { TrackBytes } from '../../../../shared/model/statistics.ts';
import type { TrackInfo } from '../../../../shared/model/track.ts';
import { escapeUntrusted } from '../../../../shared/text/untrusted-text.ts';
import { useStore } from '../../../state/store.ts';
import { TrackTable } from '../table/track-table.tsx';
import { BitmapLanes } from './bitmap-lanes.tsx';
import { LaneHeader } from './lane-header.tsx';
import { TrackCanvas } from './track-canvas.tsx';

interface TrackLaneProps {
  readonly track: TrackInfo;
  readonly chain: OpenedChain;
  /** What the track holds; undefined until that is counted. */
  readonly bytes: TrackBytes | undefined;
  /** Findings of the layer, but for notes. */
  readonly findings: number;
}

/** A track: its header, and its picture or its table. */
export function TrackLane({ track, chain, bytes, findings }: TrackLaneProps) {
  const folded = useStore(state => state.hidden.has(track.id));
  const asTable = useStore(state => state.tables.has(track.id));
  const focused = useStore(state => state.focusedTrack === track.id && state.selection !== undefined);
  return (
    <section
      className="lane-row"
      aria-label={escapeUntrusted(track.title)}
      data-track={track.id}
      data-kind={track.kind}
      data-folded={folded}
      data-focused={focused}
    >
      <LaneHeader track={track} chain={chain} folded={folded} bytes={bytes} findings={findings} />
      {!folded &&
        (asTable ? <TrackTable track={track} chain={chain} /> : <TrackCanvas track={track} chain={chain} />)}
      {!folded && !asTable && <BitmapLanes track={track} chain={chain} />}
    </section>
  );
}
