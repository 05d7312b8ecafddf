/** Glyphs of one theme and pixel ratio, drawn once on a canvas of their own and kept as masks. */
import type { Glyphs } from './paint-track.ts';
import type { Mask } from './raster.ts';

/** Texts kept; owner names make them few, but they come from images, so their number is bounded. */
const LIMIT = 500;

/** Glyphs for a font (CSS shorthand, sized in device pixels), in whole device pixels per CSS pixel. */
export function createGlyphs(font: string, unit: number): Glyphs {
  const canvas = new OffscreenCanvas(1, 1);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const texts = new Map<string, Mask>();

  function mask(
    width: number,
    height: number,
    paint: (ctx: OffscreenCanvasRenderingContext2D) => void,
  ): Mask {
    if (context === null) return { width: 0, height: 0, alpha: new Uint8Array(0) };
    canvas.width = Math.max(1, width);
    canvas.height = Math.max(1, height);
    paint(context);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    const alpha = new Uint8Array(canvas.width * canvas.height);
    for (let i = 0; i < alpha.length; i++) alpha[i] = data[i * 4 + 3] as number;
    return { width: canvas.width, height: canvas.height, alpha };
  }

  function text(value: string): Mask {
    const known = texts.get(value);
    if (known !== undefined) return known;
    if (texts.size >= LIMIT) texts.clear();
    if (context !== null) context.font = font;
    const metrics = context?.measureText(value);
    const rise = Math.ceil(metrics?.fontBoundingBoxAscent ?? 0);
    const fall = Math.ceil(metrics?.fontBoundingBoxDescent ?? 0);
    const made = mask(Math.ceil(metrics?.width ?? 0), rise + fall, ctx => {
      ctx.font = font;
      ctx.fillText(value, 0, rise);
    });
    texts.set(value, made);
    return made;
  }

  const triangle = mask(9 * unit, 5 * unit, ctx => point(ctx, 9 * unit, 5 * unit));
  const zeroTriangle = mask(22 * unit, 15 * unit, ctx => {
    point(ctx, 22 * unit, 15 * unit);
    ctx.globalCompositeOperation = 'destination-out';
    ctx.lineWidth = 1.5 * unit;
    ctx.beginPath();
    ctx.ellipse(11 * unit, 5.6 * unit, 2.4 * unit, 3.4 * unit, 0, 0, 2 * Math.PI);
    ctx.stroke();
  });
  return { text, triangle, zeroTriangle };
}

/** A triangle that fills the canvas and points down, to the layers it hides. */
function point(ctx: OffscreenCanvasRenderingContext2D, width: number, height: number): void {
  ctx.beginPath();
  ctx.moveTo(0, 0);
  ctx.lineTo(width, 0);
  ctx.lineTo(width / 2, height);
  ctx.closePath();
  ctx.fill();
}
