/** Paints the small picture of a state or mark that a legend shows, as it is drawn in the lanes. */
import { type ExtentState, STATES } from '../extent/flags.ts';
import { type PartVariant, partOf } from '../extent/parts.ts';
import { LEGEND, type LegendKey, type MarkKey } from '../legend.ts';
import { PRESENT } from '../model/tile.ts';
import type { ColorSet } from './color-set.ts';
import { holeSwatchLayout, laneLayout } from './lane-layout.ts';
import { paintTrack } from './paint-track.ts';
import { createColumnStrip, MARKS } from './strip/column-strip.ts';
import type { Surface } from './surface/surface.ts';

/** CSS pixels of a swatch. */
export const SWATCH_PX = { width: 24, height: 20 } as const;

/** Nothing is highlighted: one list for all swatches, since colors are kept by it. */
const NOT_FADED: readonly boolean[] = [];

/** The state that a mark is shown on. */
const GROUND: Readonly<Record<MarkKey, ExtentState>> = {
  overrides: 'data',
  holeOverrides: 'zeroHole',
  shadowed: 'data',
  dirty: 'data',
  dirtyUnknown: 'data',
  damaged: 'unallocated',
  overridden: 'data',
};

/** The variant of a part that each of these marks makes of a state. */
const VARIANT: Partial<Record<MarkKey, PartVariant>> = {
  holeOverrides: 'hidesData',
  shadowed: 'shadowed',
  overridden: 'overridden',
};

/** Fills the surface, of SWATCH_PX at a whole pixel `ratio`. `lettered` as on narrow runs in the lanes: states alone. */
export function paintSwatch(
  surface: Surface,
  key: LegendKey,
  colors: ColorSet,
  ratio: number,
  lettered: boolean,
): void {
  const { width, height } = surface;
  const mark = key in PRESENT ? (key as MarkKey) : undefined;
  const state = STATES.indexOf(mark === undefined ? (key as ExtentState) : GROUND[mark]);
  const strip = createColumnStrip(width);
  strip.part.fill(partOf(state, mark === undefined ? undefined : VARIANT[mark]));
  strip.present.fill(mark === undefined ? 0 : PRESENT[mark] & MARKS);
  const lane = (mark === 'holeOverrides' ? holeSwatchLayout : laneLayout)(height, ratio);
  const bodyAlone = { ...lane, bodyEnd: height, notchStart: height, notchEnd: height, holeEnd: height };
  paintTrack(surface, strip, mark === undefined ? bodyAlone : lane, colors, {
    labels: () => (lettered && mark === undefined ? [LEGEND[key].letter] : []),
    faded: NOT_FADED,
    marks: MARKS,
    phase: 0,
  });
}
