/** A surface of pixels: what the window shows. */
import { mixPixels, type Pixel } from '../color-set.ts';
import type { ColumnColors } from './column-colors.ts';
import { type AlphaMask, type ShapeName, shapesOf } from './shapes.ts';
import type { Dots, Hatch, Lines, Surface, SurfaceSize } from './surface.ts';

/** Gives the mask of a text in one font. */
export type TextMasks = (text: string) => AlphaMask;

/** What a raster is made of. */
export interface RasterOptions {
  readonly width: number;
  readonly height: number;
  /** width * height pixels, row after row. Own memory where it is left out. */
  readonly pixels?: Uint32Array;
  /** Device pixels in a CSS pixel. */
  readonly unit: number;
  readonly texts: TextMasks;
  /**
   * Texts are put together from the masks of their characters, all as wide as that of `0`: for texts that change in every
   * frame, each of which a browser would have to draw first.
   */
  readonly byCharacter?: boolean;
}

/** Pixels below which a loop is done before the call of a fill has begun. */
const SHORT_ROW_PX = 24;

/** A picture as rows of pixels. */
export class RasterSurface implements Surface {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint32Array;
  readonly #shapes: ReturnType<typeof shapesOf>;
  readonly #texts: TextMasks;
  readonly #byCharacter: boolean;

  constructor({ width, height, pixels, unit, texts, byCharacter = false }: RasterOptions) {
    this.width = width;
    this.height = height;
    this.pixels = pixels ?? new Uint32Array(width * height);
    this.#shapes = shapesOf(unit);
    this.#texts = texts;
    this.#byCharacter = byCharacter;
  }

  fillRect(x0: number, y0: number, x1: number, y1: number, color: Pixel): void {
    const { width, pixels } = this;
    const columns = x1 - x0;
    const end = y1 * width + x0;
    if (columns >= SHORT_ROW_PX) {
      for (let row = y0 * width + x0; row < end; row += width) pixels.fill(color, row, row + columns);
    } else {
      for (let row = y0 * width + x0; row < end; row += width)
        for (let i = row; i < row + columns; i++) pixels[i] = color;
    }
  }

  /** One row is kept as it stands and copied down, so that the memory is written in order whatever the columns hold. */
  fillColumns(y0: number, y1: number, columns: ColumnColors): void {
    const { width, pixels } = this;
    const { row } = columns;
    for (let y = y0; y < y1; y++) {
      columns.apply(y - y0, row);
      pixels.set(row, y * width);
    }
  }

  fillLines(x0: number, y0: number, x1: number, y1: number, { period, line, color }: Lines): void {
    for (let y = y0 + period - line; y + line <= y1; y += period) this.fillRect(x0, y, x1, y + line, color);
  }

  fillDots(x0: number, y0: number, x1: number, y1: number, { period, dot, phase, color }: Dots): void {
    let odd = false;
    for (let y = y0 + period - dot; y + dot <= y1; y += period) {
      const shift = odd ? period >> 1 : 0;
      let x = x0 + period - 1 - ((x0 + phase + shift) % period);
      for (; x + dot <= x1; x += period) this.fillRect(x, y, x + dot, y + dot, color);
      odd = !odd;
    }
  }

  fillHatch(x0: number, y0: number, x1: number, y1: number, hatch: Hatch): void {
    const { period, line, phase, falling, color } = hatch;
    const { width, pixels } = this;
    for (let y = y0; y < y1; y++) {
      const shift = (falling ? period - (y % period) : y % period) + phase;
      const row = y * width;
      // The first x at or after x0 where a line begins, stepping back one line so that none is cut.
      let x = x0 + period - ((x0 + shift) % period) - period;
      for (; x < x1; x += period) {
        const from = Math.max(x, x0);
        const to = Math.min(x + line, x1);
        fillRow(pixels, color, row + from, row + to);
      }
    }
  }

  shapeSize(shape: ShapeName): SurfaceSize {
    return this.#shapes[shape];
  }

  drawShape(shape: ShapeName, x: number, y: number, color: Pixel): void {
    this.#drawMask(this.#shapes[shape], x, y, color);
  }

  textSize(text: string): SurfaceSize {
    if (!this.#byCharacter) return this.#texts(text);
    const { width, height } = this.#texts('0');
    return { width: text.length * width, height };
  }

  drawText(text: string, x: number, y: number, color: Pixel): void {
    if (!this.#byCharacter) {
      this.#drawMask(this.#texts(text), x, y, color);
      return;
    }
    const { width } = this.#texts('0');
    for (let i = 0; i < text.length; i++)
      this.#drawMask(this.#texts(text.charAt(i)), x + i * width, y, color);
  }

  /** Lays a mask over the picture in a color; what falls outside is left out. */
  #drawMask(mask: AlphaMask, x: number, y: number, color: Pixel): void {
    const { width, height, pixels } = this;
    for (let my = 0; my < mask.height; my++) {
      const py = y + my;
      if (py < 0 || py >= height) continue;
      for (let mx = 0; mx < mask.width; mx++) {
        const px = x + mx;
        const alpha = mask.alpha[my * mask.width + mx] as number;
        if (alpha === 0 || px < 0 || px >= width) continue;
        const at = py * width + px;
        pixels[at] = alpha === 255 ? color : mixPixels(pixels[at] as Pixel, color, alpha / 255);
      }
    }
  }
}

function fillRow(pixels: Uint32Array, color: Pixel, from: number, to: number): void {
  if (to - from >= SHORT_ROW_PX) pixels.fill(color, from, to);
  else for (let i = from; i < to; i++) pixels[i] = color;
}
