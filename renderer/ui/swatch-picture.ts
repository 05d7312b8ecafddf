/** Small pictures of states and marks, painted as in the lanes, each once for a theme. */

import type { ColorSet } from '../../shared/draw/color-set.ts';
import { createStrip, MARKS } from '../../shared/draw/column-strip.ts';
import { holeSwatchLayout, laneLayout } from '../../shared/draw/lane-layout.ts';
import { paintTrack } from '../../shared/draw/paint-track.ts';
import { type ExtentState, STATES } from '../../shared/extent/flags.ts';
import { LEGEND, type LegendKey, type MarkKey } from '../../shared/legend.ts';
import { PRESENT } from '../../shared/model/tile.ts';
import { showImage } from '../canvas/show-image.ts';
import { glyphsFor } from '../canvas/text-masks.ts';
import { currentInk } from './theme.ts';

/** Nothing is highlighted: one list for all swatches, since colors are kept by it. */
const NOT_FADED: readonly boolean[] = [];
/** CSS pixels. */
const WIDTH = 24;
const HEIGHT = 20;

/** The state that a mark is shown on. */
const GROUND: Readonly<Record<MarkKey, ExtentState>> = {
  overrides: 'data',
  holeOverrides: 'zeroHole',
  shadowed: 'data',
  dirty: 'data',
  damaged: 'unallocated',
  overridden: 'data',
};

const known = new WeakMap<ColorSet, Map<string, ImageData>>();

/** The picture of a state or mark for the present pixel ratio; `lettered` as on narrow runs in the lanes. */
export function swatchPicture(of: LegendKey, lettered: boolean, ink: ColorSet): ImageData {
  const ratio = Math.max(1, Math.round(devicePixelRatio));
  const key = `${of} ${lettered} ${ratio}`;
  const pictures = known.get(ink) ?? new Map<string, ImageData>();
  known.set(ink, pictures);
  const picture = pictures.get(key) ?? paint(of, lettered, ink, ratio);
  pictures.set(key, picture);
  return picture;
}

/**
 * Paints what the legend will show, while a chain is awaited: the code that paints lanes is compiled meanwhile, and the
 * first picture comes the sooner.
 */
export function warmUpPainting(): void {
  const canvas = document.createElement('canvas');
  for (const key of Object.keys(LEGEND) as LegendKey[])
    showImage(canvas, swatchPicture(key, true, currentInk()));
}

function paint(of: LegendKey, lettered: boolean, ink: ColorSet, ratio: number): ImageData {
  const mark = of in PRESENT ? (of as MarkKey) : undefined;
  const state = STATES.indexOf(mark === undefined ? (of as ExtentState) : GROUND[mark]);
  const image = new ImageData(WIDTH * ratio, HEIGHT * ratio);
  const { width, height } = image;
  const strip = createStrip(width);
  strip.state.fill(state);
  strip.marks.fill(mark === undefined ? 0 : PRESENT[mark]);
  const layout = (mark === 'holeOverrides' ? holeSwatchLayout : laneLayout)(height, ratio);
  const plain =
    mark === undefined
      ? { ...layout, bodyEnd: height, notchStart: height, notchEnd: height, holeEnd: height }
      : layout;
  const glyphs = glyphsFor(`500 ${11 * ratio}px ${getComputedStyle(document.body).fontFamily}`, ratio);
  const raster = { width, height, pixels: new Uint32Array(image.data.buffer) };
  paintTrack(raster, strip, plain, ink, glyphs, {
    labels: () => (lettered && mark === undefined ? [LEGEND[of].letter] : []),
    faded: NOT_FADED,
    marks: MARKS,
    phase: 0,
  });
  return image;
}
