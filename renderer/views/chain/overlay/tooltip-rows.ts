/** The rows of the tooltip: a layer each, layers that read alike together, and of a long chain those near the pointer. */
import type { TrackInfo } from '../../../../shared/model/track.ts';
import type { Probe } from '../../../data/probe.ts';
import { alikeRuns } from '../../../ui/list/alike-runs.ts';

/** Rows that still leave the lanes in sight. */
const MAX_ROWS = 16;

/** A track, or neighbors that are alike. */
export interface TooltipRow {
  readonly tracks: readonly TrackInfo[];
  /** What is under the pointer; undefined while it is loading. */
  readonly found: Probe | undefined;
}

/** What decides on the rows. */
export interface TooltipRowsOptions {
  readonly tracks: readonly TrackInfo[];
  readonly probeOf: (track: TrackInfo) => Probe | undefined;
  /** Track id of the layer that is read, if it is known. */
  readonly owner: number | undefined;
  /** Track id of the lane under the pointer. */
  readonly hovered: number;
}

interface ProbedTrack {
  readonly track: TrackInfo;
  readonly found: Probe | undefined;
}

/** Rows from the guest down, and how many layers found no room: those that are furthest from the pointer. */
export function tooltipRows({ tracks, probeOf, owner, hovered }: TooltipRowsOptions): {
  readonly rows: readonly TooltipRow[];
  readonly left: number;
} {
  const isAlone = ({ track }: ProbedTrack) =>
    track.kind !== 'layer' || track.id === owner || track.id === hovered;
  const probed = tracks.map(track => ({ track, found: probeOf(track) }));
  const rows = alikeRuns(probed, isAlone, readAlike).map(
    (run): TooltipRow => ({ tracks: run.map(({ track }) => track), found: run[0]?.found }),
  );
  const isOf = (id: number | undefined) => (row: TooltipRow) => row.tracks.some(track => track.id === id);
  const at = rows.findIndex(isOf(hovered));
  const distance = (row: TooltipRow, index: number) =>
    index === 0 || isOf(owner)(row) ? 0 : Math.abs(index - at);
  const near = new Set(
    rows
      .map((row, index) => ({ row, distance: distance(row, index) }))
      .sort((a, b) => a.distance - b.distance)
      .slice(0, MAX_ROWS)
      .map(({ row }) => row),
  );
  const shown = rows.filter(row => near.has(row));
  return { rows: shown, left: tracks.length - shown.reduce((sum, row) => sum + row.tracks.length, 0) };
}

/** One state with the same marks, or both on their way. Two mixed pixels are never alike. */
function readAlike({ found: one }: ProbedTrack, { found: other }: ProbedTrack): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.extents === 1 && other.extents === 1 && one.part === other.part && one.present === other.present;
}
