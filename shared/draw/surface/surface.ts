/**
 * What pictures are drawn onto: rows of pixels in the window (raster-surface.ts), an SVG document in reports
 * (svg-surface.ts). The same calls make both, so that a printed picture cannot differ from the window's.
 *
 * Coordinates are whole device pixels from the upper left corner; x1 and y1 are the first ones outside. What is drawn
 * later lies over what was drawn before.
 */
import type { Pixel } from '../color-set.ts';
import type { ColumnColors } from './column-colors.ts';
import type { ShapeName } from './shapes.ts';

/** A size in device pixels. */
export interface SurfaceSize {
  readonly width: number;
  readonly height: number;
}

/** Horizontal lines, `line` high, the last rows of every `period`. */
export interface Lines {
  readonly period: number;
  readonly line: number;
  readonly color: Pixel;
}

/** Square dots, `dot` wide, on a staggered grid of `period`; `phase` moves them to the left. */
export interface Dots {
  readonly period: number;
  readonly dot: number;
  readonly phase: number;
  readonly color: Pixel;
}

/** Lines at 45 degrees, rising to the right or (`falling`) to the left; `phase` moves them to the left. */
export interface Hatch {
  readonly period: number;
  /** Width of a line where a row of pixels cuts it. */
  readonly line: number;
  readonly phase: number;
  readonly falling: boolean;
  readonly color: Pixel;
}

/** A picture under way. */
export interface Surface extends SurfaceSize {
  fillRect(x0: number, y0: number, x1: number, y1: number, color: Pixel): void;

  /** Fills rows [y0, y1) over the whole width with columns of these colors, which are used up by it. */
  fillColumns(y0: number, y1: number, columns: ColumnColors): void;

  fillLines(x0: number, y0: number, x1: number, y1: number, lines: Lines): void;
  fillDots(x0: number, y0: number, x1: number, y1: number, dots: Dots): void;
  fillHatch(x0: number, y0: number, x1: number, y1: number, hatch: Hatch): void;

  shapeSize(shape: ShapeName): SurfaceSize;

  /** Draws a shape with its upper left corner at (x, y). */
  drawShape(shape: ShapeName, x: number, y: number, color: Pixel): void;

  /** The size of a text in the surface's one font. */
  textSize(text: string): SurfaceSize;

  /** Draws a text with the upper left corner of its box at (x, y). */
  drawText(text: string, x: number, y: number, color: Pixel): void;
}

/** Draws a frame `line` wide along the inside of the rectangle. */
export function strokeRect(
  surface: Surface,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  line: number,
  color: Pixel,
): void {
  const side = Math.min(line, x1 - x0);
  surface.fillRect(x0, y0, x1, y0 + line, color);
  surface.fillRect(x0, y1 - line, x1, y1, color);
  surface.fillRect(x0, y0, x0 + side, y1, color);
  surface.fillRect(x1 - side, y0, x1, y1, color);
}
