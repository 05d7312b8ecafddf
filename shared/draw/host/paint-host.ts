/** Paints a strip of what a file holds. */
import { HOST_KINDS } from '../../model/layout.ts';
import { HOST_KIND_LETTERS } from '../../text/host-kinds.ts';
import type { Pixel } from '../color-set.ts';
import { type Surface, strokeRect } from '../surface/surface.ts';
import type { HostColor } from './host-colors.ts';
import { type HostStrip, kindOfColumn } from './host-strip.ts';

const KINDS = HOST_KINDS.length;
/** Kinds that are visible at every zoom, however small their share of a column is. */
const MUST_SEE = (['leaked', 'clash'] as const).map(kind => HOST_KINDS.indexOf(kind));
/** CSS pixels that such a kind has at least, of a column's height. */
const MIN_SEEN_PX = 4;
const HATCH_PX = { period: 6, line: 1 } as const;
const LINES_PX = { period: 3, line: 1 } as const;
/** CSS pixels around a letter. */
const LETTER_ROOM_PX = 3;

/** What a strip is painted with. */
export interface HostPainting {
  /** By index in HOST_KINDS. */
  readonly colors: readonly HostColor[];
  readonly lane: Pixel;
  /** Device pixels in a CSS pixel. */
  readonly unit: number;
  /** True to write the letters of the kinds on runs that have room. */
  readonly lettered: boolean;
  /** Device pixels by which patterns are moved to the left, so that they stay with the file when it is panned. */
  readonly phase: number;
}

/** Fills the surface with a strip of its width. A column that several kinds share is divided by their shares. */
export function paintHost(surface: Surface, strip: HostStrip, painting: HostPainting): void {
  const { width, height } = surface;
  surface.fillRect(0, 0, width, height, painting.lane);
  for (let from = 0; from < width; ) {
    const kind = kindOfColumn(strip, from);
    let to = from + 1;
    while (kind >= 0 && to < width && kindOfColumn(strip, to) === kind) to++;
    if (kind >= 0) paintRun(surface, from, to, kind, painting);
    else if (kind === -1) paintMixed(surface, strip, from, painting);
    from = to;
  }
}

function paintRun(surface: Surface, x0: number, x1: number, kind: number, painting: HostPainting): void {
  const { unit, colors, phase, lettered } = painting;
  const { height } = surface;
  const { fill, patternColor, pattern, text } = colors[kind] as HostColor;
  surface.fillRect(x0, 0, x1, height, fill);
  const hatch = {
    period: HATCH_PX.period * unit,
    line: HATCH_PX.line * unit,
    phase: positive(phase, HATCH_PX.period * unit),
    color: patternColor,
  };
  if (pattern === 'lines')
    surface.fillLines(x0, 0, x1, height, {
      period: LINES_PX.period * unit,
      line: LINES_PX.line * unit,
      color: patternColor,
    });
  if (pattern === 'outline') strokeRect(surface, x0, 0, x1, height, unit, patternColor);
  if (pattern === 'hatch' || pattern === 'crossHatch')
    surface.fillHatch(x0, 0, x1, height, { ...hatch, falling: false });
  if (pattern === 'crossHatch') surface.fillHatch(x0, 0, x1, height, { ...hatch, falling: true });
  const letter = HOST_KIND_LETTERS[HOST_KINDS[kind] as (typeof HOST_KINDS)[number]];
  if (!lettered || letter === '') return;
  const size = surface.textSize(letter);
  const room = size.width + 2 * LETTER_ROOM_PX * unit;
  if (x1 - x0 < room) return;
  const x = Math.round((x0 + x1 - size.width) / 2);
  const y = Math.round((height - size.height) / 2);
  // A pattern would cross the letter.
  if (pattern !== 'none') surface.fillRect(x - unit, y, x + size.width + unit, y + size.height, fill);
  surface.drawText(letter, x, y, text);
}

/** One column, its kinds from top to bottom in the order of HOST_KINDS. */
function paintMixed(surface: Surface, { shares }: HostStrip, column: number, painting: HostPainting): void {
  const { height } = surface;
  const { colors, unit } = painting;
  let sum = 0;
  let y = 0;
  for (let kind = 0; kind < KINDS; kind++) {
    sum += shares[column * KINDS + kind] as number;
    const end = Math.min(height, Math.round(sum * height));
    if (end > y) surface.fillRect(column, y, column + 1, end, (colors[kind] as HostColor).fill);
    y = Math.max(y, end);
  }
  let bottom = height;
  for (const kind of MUST_SEE.toReversed()) {
    const share = shares[column * KINDS + kind] as number;
    const least = MIN_SEEN_PX * unit;
    if (share === 0) continue;
    const top = Math.max(0, bottom - Math.max(least, Math.round(share * height)));
    surface.fillRect(column, top, column + 1, bottom, (colors[kind] as HostColor).patternColor);
    bottom = top;
  }
}

function positive(phase: number, period: number): number {
  return ((phase % period) + period) % period;
}
