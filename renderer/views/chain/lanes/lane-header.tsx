import { hexOf, ownerTone } from '../../../../shared/draw/color-set.ts';
import type { OpenedChain } from '../../../../shared/model/chain.ts';
import type { LayerInfo } from '../../../../shared/model/layer.ts';
import type { TrackInfo } from '../../../../shared/model/track.ts';
import { formatSize } from '../../../../shared/text/offset.ts';
import { escapeUntrusted } from '../../../../shared/text/untrusted-text.ts';
import { runCommand } from '../../../state/commands/commands.ts';
import { toggleTrack } from '../../../state/selection/track-actions.ts';
import { useStore } from '../../../state/store.ts';
import { Untrusted } from '../../../ui/text.tsx';
import { useInk } from '../../../ui/theme.ts';
import { Badges } from './badges.tsx';
import { LayerProgressBar } from './layer-progress-bar.tsx';

interface LaneHeaderProps {
  readonly track: TrackInfo;
  readonly chain: OpenedChain;
  readonly folded: boolean;
}

/** The name and properties of a track. Hatched if it is not known which layer owns what. */
export function LaneHeader({ track, chain, folded }: LaneHeaderProps) {
  const layer = chain.chain.layers[track.layer];
  const ink = useInk();
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
          {layer !== undefined && track.kind === 'layer' && (
            <span
              className="number owner-number"
              style={{ borderColor: hexOf(ownerTone(ink, layer.index, chain.tracks.length - 1)) }}
            >
              {alignedNumber(layer.index, chain.chain.layers.length)}
            </span>
          )}
          {track.kind === 'guest' ? 'Guest' : <LaneName text={track.title} />}
        </h2>
        {!folded && failed === undefined && <p className="lane-facts">{factsOf(track, layer)}</p>}
        {!folded && failed !== undefined && (
          <p className="lane-error" title={escapeUntrusted(failed.what, 500)}>
            <span>
              {failed.code}: <Untrusted text={failed.what} />
            </span>
            <button type="button" className="quiet" onClick={() => runCommand('retry')}>
              Retry
            </button>
          </p>
        )}
        {!folded && layer !== undefined && <Badges layer={layer} track={track} />}
      </div>
      {layer !== undefined && <LayerProgressBar layer={layer.index} />}
    </header>
  );
}

/** The number of a layer, with figure spaces before it where others of the chain are longer, so that names line up. */
function alignedNumber(index: number, layers: number): string {
  return String(index).padStart(String(layers - 1).length, '\u2007');
}

/** Characters at the end of a long name that are always shown: its number or date, and its suffix. */
const TAIL_CHARACTERS = 11;

/** A name in two parts, of which the first gives way where there is no room for both. */
function LaneName({ text }: { readonly text: string }) {
  const shown = [...escapeUntrusted(text)];
  if (shown.length <= 2 * TAIL_CHARACTERS) return <Untrusted text={text} />;
  const title = escapeUntrusted(text, 4096);
  return (
    <>
      <bdi className="untrusted" title={title}>
        {shown.slice(0, -TAIL_CHARACTERS).join('')}
      </bdi>
      <bdi className="untrusted" title={title}>
        {shown.slice(-TAIL_CHARACTERS).join('')}
      </bdi>
    </>
  );
}

function factsOf(track: TrackInfo, layer: LayerInfo | undefined): string {
  if (track.kind === 'guest') return 'what the VM reads';
  if (track.kind === 'depth')
    return track.depth === 1 ? 'the active layer' : `${track.depth - 1} below the active layer`;
  const cluster =
    layer !== undefined && layer.clusterSize > 1 ? `${formatSize(layer.clusterSize)} clusters` : '';
  return [formatSize(track.size), cluster].filter(Boolean).join(' · ');
}
