import type { GuestRange } from '../../../shared/ipc/questions.ts';
import type { OpenedChain } from '../../../shared/model/chain.ts';
import { formatOffset, formatSize } from '../../../shared/text/offset.ts';
import { navigationOf } from '../../state/axes/axis-navigation.ts';
import { useStore } from '../../state/store.ts';
import { Untrusted } from '../../ui/text.tsx';
import { legendOfTrack } from './range-statistics.tsx';
import { TrackSums } from './track-sums.tsx';

interface InspectorColumnProps {
  readonly chain: OpenedChain;
  readonly track: number;
  readonly column: GuestRange;
}

/** A pixel that several extents share: what lies in it, and the way to see them one by one. */
export function InspectorColumn({ chain, track, column: { start, end } }: InspectorColumnProps) {
  const sums = useStore(state => state.columnSums)?.find(candidate => candidate.track === track);
  const title = chain.tracks[track]?.kind === 'guest' ? 'The guest' : (chain.tracks[track]?.title ?? '');
  return (
    <section className="inspector-what" aria-label="What">
      <p className="eyebrow">
        <Untrusted text={title} />
      </p>
      <h2>{formatSize(end - start)} in one pixel</h2>
      <p className="meaning mono">
        {formatOffset(start)} – {formatOffset(end - 1)}
      </p>
      {sums === undefined ? (
        <p className="hint">Counting…</p>
      ) : (
        <TrackSums
          sums={sums}
          title={title}
          total={end - start}
          legend={legendOfTrack(chain, track)}
          isComplete={chain.chain.complete}
        />
      )}
      <button type="button" className="primary" onClick={() => navigationOf('guest').fitRange(start, end)}>
        Zoom in
      </button>
    </section>
  );
}
