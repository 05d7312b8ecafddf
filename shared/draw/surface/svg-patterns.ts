/** The patterns of an SVG document: each is written once and referred to where it fills. */
import { hexColor, type Pixel } from '../color-set.ts';
import type { Dots, Hatch, Lines } from './surface.ts';

/** Patterns by what they look like. They hold for every surface of a document, as they are in its own coordinates. */
export class SvgPatterns {
  readonly #prefix: string;
  /** Ids by attributes and content. */
  readonly #ids = new Map<string, string>();

  /** Ids begin with `prefix`: a page may hold several documents. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** Horizontal lines at the bottom of every `period` rows from y0 on, as a fill. */
  lines(y0: number, { period, line, color }: Lines): string {
    const content = `<rect y="${period - line}" width="${period}" height="${line}"/>`;
    return this.#fill(0, y0, period, period, content, color);
  }

  /** Square dots on a staggered grid: the last row and column of every `period`, every other row half of it before. */
  dots(y0: number, { period, dot, phase, color }: Dots): string {
    const half = period >> 1;
    const square = (x: number, y: number) => `<rect x="${x}" y="${y}" width="${dot}" height="${dot}"/>`;
    const content = [period - 1, -1]
      .flatMap(x => [square(x, period - dot), square(x - half, 2 * period - dot)])
      .join('');
    return this.#fill(moved(phase, period), y0, period, 2 * period, content, color);
  }

  /** Lines at 45 degrees whose horizontal cut is `line` wide. Half a pixel is what a row's middle lies below its top. */
  hatch({ period, line, phase, falling, color }: Hatch): string {
    const lean = falling ? period : -period;
    const stripe = (x: number) => `M${x} 0h${line}l${lean} ${period}h${-line}z`;
    const starts = falling ? [-0.5 - period, -0.5] : [0.5, 0.5 + period];
    const content = `<path d="${starts.map(stripe).join('')}"/>`;
    return this.#fill(moved(phase, period), 0, period, period, content, color);
  }

  /** The elements to be put into the document's `defs`. */
  toElements(): string {
    return [...this.#ids].map(([look, id]) => `<pattern id="${id}" ${look}</pattern>`).join('\n');
  }

  #fill(x: number, y: number, width: number, height: number, content: string, color: Pixel): string {
    const look = `x="${x}" y="${y}" width="${width}" height="${height}" patternUnits="userSpaceOnUse" fill="${hexColor(color)}">${content}`;
    const id = this.#ids.get(look) ?? `${this.#prefix}${this.#ids.size}`;
    this.#ids.set(look, id);
    return `url(#${id})`;
  }
}

/** Where a pattern begins that moved to the left by `phase`: the same picture once every `period`. */
function moved(phase: number, period: number): number {
  return (period - (phase % period)) % period;
}
