/** Texts as masks, for one font at a time: all lanes and the legend share them. */
import type { TextMasks } from '../../shared/draw/surface/raster-surface.ts';
import type { AlphaMask } from '../../shared/draw/surface/shapes.ts';
import { fontVersion } from './fonts.ts';

/** Texts kept; owner names make them few, but they come from images, so their number is bounded. */
const MAX_KEPT_MASKS = 500;

let known: { readonly font: string; readonly masks: TextMasks } | undefined;

/** The masks of lanes and legend: 11 CSS pixels high, in the window's font. */
export function laneTextMasks(unit: number): TextMasks {
  const font = `500 ${11 * unit}px ${getComputedStyle(document.body).fontFamily}`;
  if (known?.font !== font) known = { font, masks: createTextMasks(font) };
  return known.masks;
}

/** A function that draws a text once in a font (CSS shorthand), on a separate canvas, and keeps its mask. */
export function createTextMasks(font: string): TextMasks {
  const canvas = new OffscreenCanvas(1, 1);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const texts = new Map<string, AlphaMask>();
  let drawnWith = fontVersion();

  function draw(text: string): AlphaMask {
    if (context === null) return { width: 0, height: 0, alpha: new Uint8Array(0) };
    context.font = font;
    const { width, fontBoundingBoxAscent, fontBoundingBoxDescent } = context.measureText(text);
    const rise = Math.ceil(fontBoundingBoxAscent);
    canvas.width = Math.max(1, Math.ceil(width));
    canvas.height = Math.max(1, rise + Math.ceil(fontBoundingBoxDescent));
    context.font = font; // a canvas that is resized forgets it
    context.fillText(text, 0, rise);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    const alpha = new Uint8Array(canvas.width * canvas.height);
    for (let i = 0; i < alpha.length; i++) alpha[i] = data[i * 4 + 3] as number;
    return { width: canvas.width, height: canvas.height, alpha };
  }

  return text => {
    if (drawnWith !== fontVersion()) texts.clear();
    drawnWith = fontVersion();
    let mask = texts.get(text);
    if (mask === undefined) {
      if (texts.size >= MAX_KEPT_MASKS) texts.clear();
      mask = draw(text);
      texts.set(text, mask);
    }
    return mask;
  };
}
