import { useLayoutEffect, useRef } from 'react';
import { PARTS } from '../../../../shared/extent/parts.ts';
import { type Legend, legendOn, marksIn } from '../../../../shared/legend.ts';
import type { OpenedChain } from '../../../../shared/model/chain.ts';
import type { TrackInfo } from '../../../../shared/model/track.ts';
import { ownerTrack } from '../../../../shared/model/tracks.ts';
import { partitionTextAt } from '../../../../shared/text/guest/partition-text.ts';
import { formatCount, formatOffset, formatSize } from '../../../../shared/text/offset.ts';
import { bytesPerPx } from '../../../axis/scale.ts';
import type { Probe } from '../../../data/probe.ts';
import { stateShares } from '../../../data/share-list.ts';
import { probeTrack } from '../../../state/selection/probe-track.ts';
import { getAxis, type Hover, useStore } from '../../../state/store.ts';
import { StateSwatch } from '../../../ui/state-swatch.tsx';
import { Untrusted } from '../../../ui/text.tsx';
import { TOOLTIP_GAP_PX, tooltipLeft } from './tooltip-position.ts';

/** Top of the tooltip where the lanes leave no room below them, and what it keeps from the end of what is in sight. */
const TOP_PX = 44;
const MARGIN_PX = 4;
/** States named of a mixed pixel; the rest is summed. */
const MAX_NAMED = 2;

/** What is under the pointer: the offset is that of the view as it is now. */
export interface HoveredPlace extends Hover {
  readonly offset: number;
}

/** What every layer holds under the pointer; the layer that decides is bold. */
export function HoverTooltip({
  chain,
  hover,
}: {
  readonly chain: OpenedChain;
  readonly hover: HoveredPlace;
}) {
  const { width, viewport } = getAxis('guest');
  const ref = useRef<HTMLDivElement>(null);
  const partition = useStore(({ partitions }) =>
    partitions.phase === 'read' ? partitionTextAt(partitions.disk, hover.offset) : '',
  );
  const guest = probeTrack(0, hover.offset);
  const owner = guest === undefined ? undefined : ownerTrack(chain, guest.owner);
  const here = probeTrack(hover.track, hover.offset);
  const isMixed = here !== undefined && here.extents > 1;
  // As wide and high as what it says now.
  useLayoutEffect(() => {
    const tooltip = ref.current;
    if (tooltip === null) return;
    tooltip.style.left = `${tooltipLeft(hover.px, tooltip.offsetWidth, width)}px`;
    tooltip.style.top = `${topOf(tooltip)}px`;
  });
  return (
    <div ref={ref} className="hover-tooltip">
      <p className="mono tooltip-offset">{formatOffset(isMixed ? here.start : hover.offset)}</p>
      {isMixed && (
        <p className="hint">
          {formatSize(Math.max(1, Math.round(bytesPerPx(viewport, width))))} in this pixel,{' '}
          {formatCount(here.extents)}
          {here.exact ? '' : '+'} extents
        </p>
      )}
      {partition !== '' && <p className="hint">{partition}</p>}
      <table>
        <tbody>
          {chain.tracks.map(track => {
            const found = probeTrack(track.id, hover.offset);
            const owns = track === owner && guest?.extents === 1;
            return (
              <tr key={track.id} data-owns={owns} data-here={hover.track === track.id}>
                <th scope="row">
                  <TrackName track={track} />
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

/**
 * Where the tooltip begins in its layer: below all lanes, if it has room there, so that it hides none of those that are
 * compared; else below the axis, and no lower than it ends in what is in sight.
 */
function topOf(tooltip: HTMLElement): number {
  const layer = tooltip.parentElement?.getBoundingClientRect();
  const plot = tooltip.closest('.plot');
  if (layer === undefined || plot === null) return TOP_PX;
  const { bottom } = plot.getBoundingClientRect();
  const lanes = [...document.querySelectorAll('.lane-row')].at(-1)?.getBoundingClientRect().bottom ?? 0;
  const sight = bottom - layer.top - tooltip.offsetHeight - MARGIN_PX;
  const belowLanes = lanes - layer.top + TOOLTIP_GAP_PX;
  return belowLanes <= sight ? belowLanes : Math.max(0, Math.min(TOP_PX + plot.scrollTop, sight));
}

/** A layer by its number, which stands before its name in the header of its lane. */
function TrackName({ track }: { readonly track: TrackInfo }) {
  if (track.kind === 'guest') return 'Guest';
  return track.kind === 'layer' ? `Layer ${track.layer}` : <Untrusted text={track.title} max={28} />;
}

function Found({ found, legend }: { readonly found: Probe; readonly legend: Legend }) {
  if (found.extents > 1) return <Shares found={found} legend={legend} />;
  const part = PARTS[found.part];
  const state = part?.state ?? 'unread';
  return (
    <>
      <StateSwatch of={state} /> {legend[state].label}
      {marksIn(found.present).map(mark => (
        <em key={mark}>{legend[mark].label}</em>
      ))}
    </>
  );
}

/** The largest states of a mixed pixel by name, and what the others add up to. */
function Shares({ found, legend }: { readonly found: Probe; readonly legend: Legend }) {
  const shares = stateShares(found.shares);
  const rest = shares.slice(MAX_NAMED).reduce((sum, { percent }) => sum + percent, 0);
  return (
    <>
      {shares.slice(0, MAX_NAMED).map(({ state, isHidden, percent }) => (
        <span className="share" key={`${state} ${isHidden}`}>
          <StateSwatch of={isHidden ? 'overridden' : state} /> {percentText(percent)}{' '}
          {legend[state].label.replace(/(,| \().*$/, '')}
          {isHidden && ' hidden'}
        </span>
      ))}
      {shares.length > MAX_NAMED && <span className="share">{percentText(rest)} other</span>}
    </>
  );
}

function percentText(percent: number): string {
  return percent === 0 ? '<1 %' : `${percent} %`;
}
