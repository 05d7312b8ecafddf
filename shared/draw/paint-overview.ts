/** Paints the whole disk as a thin strip: what the guest reads, and above it a tick for whatever must be seen. */
import { PRESENT } from '../model/tile.ts';
import { type ColorSet, mixPixels } from './color-set.ts';
import { paintBodies } from './paint-bodies.ts';
import { overviewColors } from './part-colors.ts';
import type { ColumnStrip } from './strip/column-strip.ts';
import type { Surface } from './surface/surface.ts';

/** Marks that get a tick, weakest first: a stronger one is drawn over it. */
const TICKS = ['overrides', 'dirty', 'shadowed', 'holeOverrides', 'damaged'] as const;
/** CSS pixels of a tick: taller is worse, so that ticks differ by height as well as by color. */
const TICK_HEIGHT_PX = { overrides: 3, dirty: 4, shadowed: 3, holeOverrides: 7, damaged: 8 } as const;
/** CSS pixels above the strip, in which the ticks are. */
const TICK_ROOM_PX = 9;

/** What the legend has highlighted. */
export interface OverviewOptions {
  /** By part index, true for one that steps back. */
  readonly faded: readonly boolean[];
  /** The marks that have ticks, by their bits of PRESENT. */
  readonly marks: number;
}

/** Paints the guest's strip with ticks from all strips (the guest's first). `unit` is device pixels a CSS pixel. */
export function paintOverview(
  surface: Surface,
  strips: readonly ColumnStrip[],
  colors: ColorSet,
  unit: number,
  { faded, marks: shown }: OverviewOptions = { faded: [], marks: -1 },
): void {
  const { width, height } = surface;
  const { lane, corrupt } = colors;
  const guest = strips[0];
  if (guest === undefined) {
    surface.fillRect(0, 0, width, height, lane);
    return;
  }
  const top = TICK_ROOM_PX * unit;
  surface.fillRect(0, 0, width, top, lane);
  paintBodies(surface, guest, {
    top,
    bottom: height,
    unit,
    bodies: overviewColors(colors, faded),
    lane,
    corrupt,
  });
  const tickColors = {
    overrides: colors.override,
    dirty: colors.dirty,
    shadowed: mixPixels(lane, colors.frame, 0.6),
    holeOverrides: colors.override,
    damaged: corrupt,
  };
  for (let c = 0; c < width; c++) {
    let marks = 0;
    for (const strip of strips) marks |= (strip.present[c] as number) & shown;
    for (const mark of TICKS) {
      if ((marks & PRESENT[mark]) === 0) continue;
      surface.fillRect(c, top - (TICK_HEIGHT_PX[mark] + 1) * unit, c + 1, top - unit, tickColors[mark]);
    }
  }
}
