/** The extents of a track as rows of a table. */
import { presentBits } from '../../../../shared/extent/columns.ts';
import { type ExtentState, LOCAL, stateOf } from '../../../../shared/extent/flags.ts';
import { legendOn, type MarkKey, marksIn } from '../../../../shared/legend.ts';
import type { OpenedChain } from '../../../../shared/model/chain.ts';
import type { TrackExtents, TrackInfo } from '../../../../shared/model/track.ts';
import { ownerTrack } from '../../../../shared/model/tracks.ts';
import type { Viewport } from '../../../axis/viewport.ts';
import type { ExactEntries } from '../../../data/exact-range.ts';

/** One extent of a track, cut to what is in view. Offsets and lengths in bytes. */
export interface TrackRow {
  readonly start: number;
  readonly length: number;
  /** Index of the layer that is read (guest's track), else of the layer itself; -1 where there is none. */
  readonly layer: number;
  /** True where the extent goes on, or may go on, outside of what is in view. */
  readonly isCut: boolean;
  readonly state: ExtentState;
  /** The label of the state. */
  readonly label: string;
  /** The name of the layer that decides (guest's track), else of the layer itself where it decides. */
  readonly owner: string;
  readonly marks: readonly MarkKey[];
}

/** The rows that touch the viewport, cut to whole bytes of it. */
export function trackRows(
  exact: ExactEntries<TrackExtents>,
  view: Viewport,
  track: TrackInfo,
  chain: OpenedChain,
): readonly TrackRow[] {
  const extents = exact.tracks[track.id];
  if (extents === undefined) return [];
  const { starts, words, owners } = extents;
  const from = Math.floor(view.start);
  const to = Math.min(exact.end, Math.ceil(view.end));
  const rows: TrackRow[] = [];
  const legend = legendOn(track, chain);
  // What the first and the last extent are beyond what is loaded is not known here.
  const touchesEdge = (i: number) =>
    (i === 0 && exact.start > 0) || (i + 1 === starts.length && exact.end < chain.chain.size);
  for (let i = 0; i < starts.length; i++) {
    const start = Math.max(starts[i] as number, from);
    const end = Math.min(starts[i + 1] ?? exact.end, to);
    if (end <= start) continue;
    const flags = words[i] as number;
    const owner = track.kind === 'guest' ? ownerTrack(chain, owners[i] ?? -1) : track;
    const state = stateOf(flags);
    rows.push({
      start,
      length: end - start,
      layer: owner?.layer ?? -1,
      isCut: start > (starts[i] as number) || end < (starts[i + 1] ?? exact.end) || touchesEdge(i),
      state,
      label: legend[state].label,
      owner: flags & LOCAL ? (owner?.title ?? '') : '',
      marks: marksIn(presentBits(flags)),
    });
  }
  return rows;
}
