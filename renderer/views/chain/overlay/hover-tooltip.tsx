import { MIXED } from '../../../../shared/draw/strip/column-strip.ts';
import { PARTS } from '../../../../shared/extent/parts.ts';
import { type Legend, legendOn, marksIn } from '../../../../shared/legend.ts';
import type { OpenedChain } from '../../../../shared/model/chain.ts';
import { ownerTrack } from '../../../../shared/model/tracks.ts';
import { formatCount, formatOffset } from '../../../../shared/text/offset.ts';
import type { Probe } from '../../../data/probe.ts';
import { probeTrack } from '../../../state/selection/probe-track.ts';
import { getAxis, type Hover } from '../../../state/store.ts';
import { StateSwatch } from '../../../ui/state-swatch.tsx';
import { Untrusted } from '../../../ui/text.tsx';

/** Between the crosshair and the tooltip, so that it never lies under the pointer. */
const GAP_PX = 14;
/** Width that the tooltip is expected to have. */
const TOOLTIP_WIDTH_PX = 320;

/** What every layer holds under the pointer; the layer that decides is bold. */
export function HoverTooltip({ chain, hover }: { readonly chain: OpenedChain; readonly hover: Hover }) {
  const { width } = getAxis('guest');
  const flip = hover.px + GAP_PX + TOOLTIP_WIDTH_PX > width;
  const guest = probeTrack(0, hover.offset);
  const owner = guest === undefined ? undefined : ownerTrack(chain, guest.owner);
  return (
    <div
      className="hover-tooltip"
      data-flip={flip}
      style={flip ? { right: width - hover.px + GAP_PX } : { left: hover.px + GAP_PX }}
    >
      <p className="mono tooltip-offset">{formatOffset(hover.offset)}</p>
      <table>
        <tbody>
          {chain.tracks.map(track => {
            const found = probeTrack(track.id, hover.offset);
            const owns = track === owner && guest?.extents === 1;
            return (
              <tr key={track.id} data-owns={owns} data-here={hover.track === track.id}>
                <th scope="row">
                  {track.kind === 'guest' ? 'Guest' : <Untrusted text={track.title} max={28} />}
                </th>
                <td>
                  {found === undefined ? 'loading' : <Found found={found} legend={legendOn(track, chain)} />}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function Found({ found, legend }: { readonly found: Probe; readonly legend: Legend }) {
  if (found.part === MIXED || found.extents > 1) {
    return (
      <>
        {found.exact ? '' : 'at least '}
        {formatCount(found.extents)} extents in this pixel
        {found.shares.slice(0, 3).map(([part, share]) => (
          <span className="share" key={part}>
            <StateSwatch of={PARTS[part]?.state ?? 'unread'} /> {Math.max(1, Math.round((share / 255) * 100))}{' '}
            %
          </span>
        ))}
      </>
    );
  }
  const state = PARTS[found.part]?.state ?? 'unread';
  return (
    <>
      <StateSwatch of={state} /> {legend[state].label}
      {marksIn(found.present).map(mark => (
        <em key={mark}>{legend[mark].label}</em>
      ))}
    </>
  );
}
