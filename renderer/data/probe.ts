/** What a track of the guest axis shows at an offset, from what is loaded. Nothing is requested. */
import { bisectRight } from 'd3-array';
import { type ColumnStrip, MIXED, NOTHING } from '../../shared/draw/strip/column-strip.ts';
import { presentBits } from '../../shared/extent/columns.ts';
import { STATES, stateIndexOf } from '../../shared/extent/flags.ts';
import type { Viewport } from '../axis/viewport.ts';
import type { LoaderOf } from './axis-content.ts';

/** What lies at an offset: one extent or run of one state, or several extents in one pixel. */
export interface Probe {
  readonly start: number;
  readonly end: number;
  /** State index, MIXED where several share the pixel. */
  readonly state: number;
  /** Marks of PRESENT. */
  readonly marks: number;
  /** Layer index where the walk stops (guest's track), -1 none. */
  readonly owner: number;
  /** Extents that share the pixel; 1 where it is one. */
  readonly extents: number;
  /** Whether start and end are the extent's own, and not merely those of a run of pixels that look alike. */
  readonly exact: boolean;
  /** Share of each state of a mixed pixel, out of 255, as pairs of index and share, largest first. */
  readonly shares: readonly (readonly [number, number])[];
}

/** Looks into the exact extents, else into the strip as it was drawn. Undefined where nothing is known. */
export function probe(
  loader: LoaderOf<'guest'> | undefined,
  strip: ColumnStrip | undefined,
  view: Viewport,
  track: number,
  offset: number,
): Probe | undefined {
  const exact = loader?.exact.get();
  const extents = exact?.tracks[track];
  if (exact !== undefined && extents !== undefined && offset >= exact.start && offset < exact.end) {
    const { starts, words, owners } = extents;
    const i = bisectRight(starts, offset) - 1;
    const flags = words[i];
    const start = starts[i];
    if (flags !== undefined && start !== undefined) {
      return {
        start,
        end: starts[i + 1] ?? exact.end,
        state: stateIndexOf(flags),
        marks: presentBits(flags),
        owner: owners[i] ?? -1,
        extents: 1,
        exact: true,
        shares: [],
      };
    }
  }
  return strip === undefined ? undefined : probeStrip(strip, view, offset);
}

function probeStrip(strip: ColumnStrip, view: Viewport, offset: number): Probe | undefined {
  const perColumn = (view.end - view.start) / strip.width;
  const column = Math.min(strip.width - 1, Math.max(0, Math.floor((offset - view.start) / perColumn)));
  const state = strip.state[column] as number;
  if (state === NOTHING) return undefined;
  let from = column;
  let to = column + 1;
  const alike = (c: number) =>
    strip.state[c] === state &&
    strip.marks[c] === strip.marks[column] &&
    strip.owners[c] === strip.owners[column];
  if (state !== MIXED) {
    while (from > 0 && alike(from - 1)) from--;
    while (to < strip.width && alike(to)) to++;
  }
  return {
    start: Math.floor(view.start + from * perColumn),
    end: Math.ceil(view.start + to * perColumn),
    state,
    marks: strip.marks[column] as number,
    owner: strip.owners[column] as number,
    extents: strip.runs[column] as number,
    exact: false,
    shares: state === MIXED ? sharesOf(strip, column) : [],
  };
}

function sharesOf(strip: ColumnStrip, column: number): (readonly [number, number])[] {
  return STATES.map((_, s) => [s, strip.shares[column * STATES.length + s] as number] as const)
    .filter(([, share]) => share > 0)
    .sort((a, b) => b[1] - a[1]);
}
