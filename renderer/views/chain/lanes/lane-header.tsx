import { hexColor, ownerTone } from '../../../../shared/draw/color-set.ts';
import type { OpenedChain } from '../../../../shared/model/chain.ts';
import type { TrackBytes } from '../../../../shared/model/statistics.ts';
import type { TrackInfo } from '../../../../shared/model/track.ts';
import { escapeUntrusted } from '../../../../shared/text/untrusted-text.ts';
import { runCommand } from '../../../state/commands/commands.ts';
import { toggleTrack } from '../../../state/selection/track-actions.ts';
import { useStore } from '../../../state/store.ts';
import { Icon } from '../../../ui/icon.tsx';
import { Untrusted } from '../../../ui/text.tsx';
import { useColorSet } from '../../../ui/theme.ts';
import { Badges } from './badges.tsx';
import { LaneFacts } from './lane-facts.tsx';
import { LayerProgressBar } from './layer-progress-bar.tsx';

interface LaneHeaderProps {
  readonly track: TrackInfo;
  readonly chain: OpenedChain;
  readonly folded: boolean;
  /** What the track holds; undefined until that is counted. */
  readonly bytes: TrackBytes | undefined;
  /** Findings of the layer, but for notes. */
  readonly findings: number;
}

/** The name and properties of a track. Hatched if it is not known which layer owns what. */
export function LaneHeader({ track, chain, folded, bytes, findings }: LaneHeaderProps) {
  const layer = chain.chain.layers[track.layer];
  const colorSet = useColorSet();
  const failed = useStore(
    state =>
      state.progress.find(p => p.layer === track.layer && p.phase === 'failed' && p.witness === track.witness)
        ?.error,
  );
  const locked = useStore(state =>
    state.progress.some(p => p.layer === track.layer && p.error?.code === 'QEMU_IMAGE_LOCKED'),
  );
  return (
    <header className="lane-header" data-owner-known={track.ownerKnown}>
      <button
        type="button"
        className="tool eye"
        aria-pressed={!folded}
        aria-label={`Show ${escapeUntrusted(track.title)}`}
        title={folded ? 'Show the lane' : 'Fold the lane'}
        onClick={() => toggleTrack(track.id)}
      >
        <Icon name={folded ? 'eyeClosed' : 'eye'} />
      </button>
      <div className="lane-names">
        <h2>
          {layer !== undefined && track.kind === 'layer' && (
            <span
              className="number owner-number"
              style={{ borderColor: hexColor(ownerTone(colorSet, layer.index, chain.tracks.length - 1)) }}
            >
              {alignedNumber(layer.index, chain.chain.layers.length)}
            </span>
          )}
          {track.kind === 'guest' ? 'Guest' : <LaneName text={track.title} />}
        </h2>
        {!folded && failed === undefined && <LaneFacts track={track} bytes={bytes} />}
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
        {!folded && layer !== undefined && (
          <Badges layer={layer} track={track} size={chain.chain.size} locked={locked} findings={findings} />
        )}
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
