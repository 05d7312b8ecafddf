/** An image and the surface that draws into it. */
import { RasterSurface, type TextMasks } from '../../shared/draw/surface/raster-surface.ts';

/** What is drawn with the surface, and then shown: see show-image.ts. */
export interface ImageSurface {
  readonly image: ImageData;
  readonly surface: RasterSurface;
}

/** An image of a size in device pixels. `texts` may be left out where nothing is written; see RasterOptions. */
export function createImageSurface(
  { width, height }: { readonly width: number; readonly height: number },
  unit: number,
  texts: TextMasks = noText,
  byCharacter = false,
): ImageSurface {
  const image = new ImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  return { image, surface: new RasterSurface({ width, height, pixels, unit, texts, byCharacter }) };
}

function noText(): never {
  throw new Error('a picture without a font has no texts');
}
