/** What a track of the guest axis shows at an offset, from what is loaded. Nothing is requested. */
import { bisectRight } from 'd3-array';
import { type ColumnStrip, MIXED, NOTHING } from '../../shared/draw/strip/column-strip.ts';
import { presentBits } from '../../shared/extent/columns.ts';
import { PARTS, type PartIndex, partIndexOf } from '../../shared/extent/parts.ts';
import type { Viewport } from '../axis/viewport.ts';
import type { LoaderOf } from './axis-content.ts';

/** Share of a column by which an offset that was made from a pixel may miss it: both are rounded. */
const COLUMN_TOLERANCE = 1e-6;

/** What lies at an offset: one extent or run of one part, or several extents in one pixel. */
export interface Probe {
  readonly start: number;
  readonly end: number;
  /** Index in PARTS, MIXED where several share the pixel. */
  readonly part: number;
  /** Parts and marks, as bits of PRESENT. */
  readonly present: number;
  /** Layer index where the walk stops (guest's track), -1 none. */
  readonly owner: number;
  /** Extents that share the pixel; 1 where it is one. */
  readonly extents: number;
  /** Whether start, end and extents are counted, and not merely what a run of pixels shows. */
  readonly exact: boolean;
  /** Share of each part of a mixed pixel, out of 255, largest first. */
  readonly shares: readonly (readonly [part: PartIndex, share: number])[];
}

/** Looks into the exact extents, and into the strip as it was drawn. Undefined where nothing is known. */
export function probeOffset(
  loader: LoaderOf<'guest'> | undefined,
  strip: ColumnStrip | undefined,
  view: Viewport,
  track: number,
  offset: number,
): Probe | undefined {
  const exact = loader?.exact.get();
  const extents = exact?.tracks[track];
  const isExact = exact !== undefined && extents !== undefined && offset >= exact.start && offset < exact.end;
  const shown = strip === undefined ? undefined : probeStrip(strip, view, offset, isExact);
  if (!isExact || (shown !== undefined && shown.extents > 1)) return shown;
  const { starts, words, owners } = extents;
  const i = bisectRight(starts, offset) - 1;
  const word = words[i];
  const start = starts[i];
  if (word === undefined || start === undefined) return shown;
  return {
    start,
    end: starts[i + 1] ?? exact.end,
    part: partIndexOf(word),
    present: presentBits(word),
    owner: owners[i] ?? -1,
    extents: 1,
    exact: true,
    shares: [],
  };
}

function probeStrip(strip: ColumnStrip, view: Viewport, offset: number, isExact: boolean): Probe | undefined {
  const perColumn = (view.end - view.start) / strip.width;
  const at = Math.floor((offset - view.start) / perColumn + COLUMN_TOLERANCE);
  const column = Math.min(strip.width - 1, Math.max(0, at));
  const part = strip.part[column] as number;
  if (part === NOTHING) return undefined;
  const extents = strip.runs[column] as number;
  let from = column;
  let to = column + 1;
  const alike = (c: number) =>
    strip.part[c] === part &&
    strip.runs[c] === 1 &&
    strip.present[c] === strip.present[column] &&
    strip.owners[c] === strip.owners[column];
  if (part !== MIXED && extents === 1) {
    while (from > 0 && alike(from - 1)) from--;
    while (to < strip.width && alike(to)) to++;
  }
  return {
    start: Math.max(0, Math.floor(view.start + from * perColumn)),
    end: Math.ceil(view.start + to * perColumn),
    part,
    present: strip.present[column] as number,
    owner: strip.owners[column] as number,
    extents,
    exact: isExact && extents > 1,
    shares: part === MIXED ? sharesOf(strip, column) : [[part, 255]],
  };
}

function sharesOf(strip: ColumnStrip, column: number): (readonly [PartIndex, number])[] {
  const present = strip.present[column] as number;
  return PARTS.flatMap((_, part) =>
    present & (1 << part) ? [[part, strip.shares[column * PARTS.length + part] as number] as const] : [],
  ).sort((a, b) => b[1] - a[1]);
}
