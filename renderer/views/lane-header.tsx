import type { OpenedChain, TrackInfo } from '../../shared/ipc/contract.ts';
import type { LayerInfo } from '../../shared/layer.ts';
import { formatSize } from '../../shared/offset.ts';
import { escapeUntrusted } from '../../shared/untrusted-text.ts';
import { runCommand } from '../state/commands.ts';
import { useStore } from '../state/store.ts';
import { toggleTrack } from '../state/track-actions.ts';
import { Badges } from './badges.tsx';
import { LayerProgressBar } from './layer-progress-bar.tsx';
import { Untrusted } from './text.tsx';

interface LaneHeaderProps {
  readonly track: TrackInfo;
  readonly chain: OpenedChain;
  readonly folded: boolean;
}

/** Names a track and says what it is. Hatched where it is not known which layer owns what. */
export function LaneHeader({ track, chain, folded }: LaneHeaderProps) {
  const layer = chain.chain.layers[track.layer];
  const failed = useStore(
    state =>
      state.progress.find(p => p.layer === track.layer && p.phase === 'failed' && p.witness === track.witness)
        ?.error,
  );
  return (
    <header className="lane-header" data-owner-known={track.ownerKnown}>
      <input
        type="checkbox"
        checked={!folded}
        aria-label={`Show ${escapeUntrusted(track.title)}`}
        onChange={() => toggleTrack(track.id)}
      />
      <div className="lane-names">
        <h2>
          {layer !== undefined && <span className="number">{layer.index}</span>}
          {track.kind === 'guest' ? 'Guest' : <Untrusted text={track.title} />}
        </h2>
        {!folded && <p className="lane-facts">{factsOf(track, layer)}</p>}
        {!folded && failed !== undefined && (
          <p className="lane-error" title={escapeUntrusted(failed.what, 500)}>
            {failed.code}: <Untrusted text={failed.what} />
          </p>
        )}
        {!folded && failed !== undefined && (
          <button type="button" className="quiet" onClick={() => runCommand('retry')}>
            Retry
          </button>
        )}
        {!folded && layer !== undefined && <Badges layer={layer} track={track} />}
      </div>
      {layer !== undefined && <LayerProgressBar layer={layer.index} />}
    </header>
  );
}

function factsOf(track: TrackInfo, layer: LayerInfo | undefined): string {
  if (track.kind === 'guest') return 'what the machine reads';
  if (track.kind === 'depth') return `depth ${track.depth} · ${formatSize(track.size)} · nbd`;
  const cluster =
    layer !== undefined && layer.clusterSize > 1 ? `${formatSize(layer.clusterSize)} clusters` : '';
  return [formatSize(track.size), cluster].filter(Boolean).join(' · ');
}
