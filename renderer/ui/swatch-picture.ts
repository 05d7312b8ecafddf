/** Small pictures of states and marks, painted as in the lanes, each once for a theme. */

import type { ColorSet } from '../../shared/draw/color-set.ts';
import { paintSwatch, SWATCH_PX } from '../../shared/draw/paint-swatch.ts';
import { LEGEND, type LegendKey } from '../../shared/legend.ts';
import { createImageSurface } from '../canvas/image-surface.ts';
import { showImage } from '../canvas/show-image.ts';
import { laneTextMasks } from '../canvas/text-masks.ts';
import { currentColorSet } from './theme.ts';

const known = new WeakMap<ColorSet, Map<string, ImageData>>();

/** The picture of a state or mark for the present pixel ratio; `lettered` as on narrow runs in the lanes. */
export function swatchPicture(of: LegendKey, lettered: boolean, colorSet: ColorSet): ImageData {
  const ratio = Math.max(1, Math.round(devicePixelRatio));
  const key = `${of} ${lettered} ${ratio}`;
  const pictures = known.get(colorSet) ?? new Map<string, ImageData>();
  known.set(colorSet, pictures);
  const picture = pictures.get(key) ?? paint(of, lettered, colorSet, ratio);
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
    showImage(canvas, swatchPicture(key, true, currentColorSet()));
}

function paint(of: LegendKey, lettered: boolean, colorSet: ColorSet, ratio: number): ImageData {
  const size = { width: SWATCH_PX.width * ratio, height: SWATCH_PX.height * ratio };
  const { image, surface } = createImageSurface(size, ratio, laneTextMasks(ratio));
  paintSwatch(surface, of, colorSet, ratio, lettered);
  return image;
}
