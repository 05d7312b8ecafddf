import { useLayoutEffect, useRef } from 'react';
import type { ExtentState } from '../../../../shared/extent/flags.ts';
import { PARTS } from '../../../../shared/extent/parts.ts';
import { type Legend, legendOn, type MarkKey, marksIn, shortLabel } from '../../../../shared/legend.ts';
import type { OpenedChain } from '../../../../shared/model/chain.ts';
import type { TrackInfo } from '../../../../shared/model/track.ts';
import { ownerTrack } from '../../../../shared/model/tracks.ts';
import { partitionTextAt } from '../../../../shared/text/guest/partition-text.ts';
import { formatCount, formatOffset, formatSize } from '../../../../shared/text/offset.ts';
import type { Probe } from '../../../data/probe.ts';
import { type StateShare, stateShares } from '../../../data/share-list.ts';
import { probeTrack } from '../../../state/selection/probe-track.ts';
import { getAxis, type Hover, useStore } from '../../../state/store.ts';
import { StateSwatch } from '../../../ui/state-swatch.tsx';
import { Untrusted } from '../../../ui/text.tsx';
import { TOOLTIP_GAP_PX, tooltipLeft } from './tooltip-position.ts';
import { tooltipRows } from './tooltip-rows.ts';

/** Top of the tooltip where the lanes leave no room below them, and what it keeps from the end of what is in sight. */
const TOP_PX = 44;
const MARGIN_PX = 4;
/** States named of a mixed pixel; the rest is summed. */
const MAX_NAMED = 2;

/** What is under the pointer: the offset is that of the view as it is now. */
export interface HoveredOffset extends Hover {
  readonly offset: number;
}

/** What every layer holds under the pointer; the layer that decides is bold. */
export function HoverTooltip({
  chain,
  hover,
}: {
  readonly chain: OpenedChain;
  readonly hover: HoveredOffset;
}) {
  const { width } = getAxis('guest');
  const ref = useRef<HTMLDivElement>(null);
  const partition = useStore(({ partitions }) =>
    partitions.phase === 'read' ? partitionTextAt(partitions.disk, hover.offset) : '',
  );
  const guest = probeTrack(0, hover.offset);
  const owner = guest === undefined ? undefined : ownerTrack(chain, guest.owner);
  const here = probeTrack(hover.track, hover.offset);
  const { rows, left } = tooltipRows({
    tracks: chain.tracks,
    probeOf: track => probeTrack(track.id, hover.offset),
    owner: owner?.id,
    hovered: hover.track,
  });
  // Where any layer has several extents in the pixel, what is said is about all of the pixel.
  const isMixed = here !== undefined && here.extents > 1;
  const pixel = isMixed ? here : rows.find(({ found }) => found !== undefined && found.extents > 1)?.found;
  // As wide and high as what it says now. All is read before it is moved, and moving lays nothing out.
  useLayoutEffect(() => {
    const tooltip = ref.current;
    if (tooltip === null) return;
    const x = Math.round(tooltipLeft(hover.px, tooltip.offsetWidth, width));
    tooltip.style.transform = `translate(${x}px, ${Math.round(topOf(tooltip))}px)`;
  });
  return (
    <div ref={ref} className="hover-tooltip">
      <p className="mono tooltip-offset">{formatOffset(pixel?.start ?? hover.offset)}</p>
      {pixel !== undefined && (
        <p className="hint">
          {formatSize(pixel.end - pixel.start)} in this pixel
          {isMixed && `, ${formatCount(here.extents)}${here.exact ? '' : '+'} extents`}
        </p>
      )}
      {partition !== '' && <p className="hint">{partition}</p>}
      <table>
        <tbody>
          {rows.map(({ tracks, found }) => {
            const [track] = tracks;
            if (track === undefined) return null;
            const owns = track === owner && guest?.extents === 1;
            return (
              <tr key={track.id} data-owns={owns} data-here={hover.track === track.id}>
                <th scope="row">
                  <TrackNames tracks={tracks} />
                </th>
                <td>
                  {found === undefined ? 'loading' : <Found found={found} legend={legendOn(track, chain)} />}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {left > 0 && <p className="hint">{formatCount(left)} more layers</p>}
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

/** Layers by their numbers, as they stand before their names in the headers of their lanes. */
function TrackNames({ tracks }: { readonly tracks: readonly TrackInfo[] }) {
  const [track, last] = [tracks[0], tracks.at(-1)];
  if (track === undefined || last === undefined) return null;
  if (track.kind === 'guest') return 'Guest';
  if (track.kind !== 'layer') return <Untrusted text={track.title} max={28} />;
  return <span className="number">{track === last ? track.layer : `${track.layer} to ${last.layer}`}</span>;
}

function Found({ found, legend }: { readonly found: Probe; readonly legend: Legend }) {
  if (found.extents > 1) return <Shares found={found} legend={legend} />;
  const part = PARTS[found.part];
  const state = part?.state ?? 'unread';
  return (
    <>
      <StateSwatch of={state} /> <span className="state-name">{legend[state].label}</span>
      <Marks marks={marksIn(found.present)} legend={legend} />
    </>
  );
}

/** The largest states of a mixed pixel by name, what cannot be read however little it is, and what the others add up to. */
function Shares({ found, legend }: { readonly found: Probe; readonly legend: Legend }) {
  const shares = joinAlike(stateShares(found.shares), legend);
  const isNamed = ({ state }: StateShare, i: number) => i < MAX_NAMED || state === 'unreadable';
  const others = shares.filter((share, i) => !isNamed(share, i));
  const rest = others.reduce((sum, { percent }) => sum + percent, 0);
  return (
    <>
      {shares.filter(isNamed).map(({ state, isHidden, percent }) => (
        <span className="share" key={`${state} ${isHidden}`}>
          <StateSwatch of={isHidden ? 'overridden' : state} /> {percentText(percent)}{' '}
          {nameAmong(state, shares, legend)}
          {isHidden && ' hidden'}
        </span>
      ))}
      {others.length > 0 && <span className="share">{percentText(rest)} other</span>}
      {/* How much is hidden by a layer above is said as a share. */}
      <Marks marks={marksIn(found.present).filter(mark => mark !== 'overridden')} legend={legend} />
    </>
  );
}

/** Shares of states that have one label, such as what is stored nowhere on the guest's track, as one share. */
function joinAlike(shares: readonly StateShare[], legend: Legend): readonly StateShare[] {
  const joined: StateShare[] = [];
  for (const share of shares) {
    const at = joined.findIndex(
      ({ state, isHidden }) =>
        legend[state].label === legend[share.state].label && isHidden === share.isHidden,
    );
    const same = joined[at];
    if (same === undefined) joined.push(share);
    else joined[at] = { ...same, percent: same.percent + share.percent };
  }
  return joined;
}

/** The short name of a state, in full where another state of the pixel has the same: zeros with and without space. */
function nameAmong(state: ExtentState, shares: readonly StateShare[], legend: Legend): string {
  const short = shortLabel(legend[state]);
  const { label } = legend[state];
  const isShared = shares.some(
    other => legend[other.state].label !== label && shortLabel(legend[other.state]) === short,
  );
  return isShared ? label : short;
}

function Marks({ marks, legend }: { readonly marks: readonly MarkKey[]; readonly legend: Legend }) {
  return marks.map(mark => <em key={mark}>{legend[mark].label}</em>);
}

function percentText(percent: number): string {
  return percent === 0 ? '<1 %' : `${percent} %`;
}
