/** A surface that writes SVG: what reports show. One unit of its coordinates is a CSS pixel. */
import { escapeXml } from '../../text/xml-text.ts';
import { hexColor, type Pixel } from '../color-set.ts';
import type { ColumnColors } from './column-colors.ts';
import { type ShapeName, shapesOf } from './shapes.ts';
import type { Dots, Hatch, Lines, Surface, SurfaceSize } from './surface.ts';
import type { SvgPatterns } from './svg-patterns.ts';

/** Height of texts in CSS pixels. */
export const SVG_FONT_PX = 11;
/** A monospaced font: every character is this part of its height wide, so that texts can be measured without one. */
const ADVANCE = 0.6;
/** Where the base line lies in the box of a text, and how high the box is, as parts of the font's height. */
const BASE_LINE = 1;
const BOX_HEIGHT = 1.27;

const SHAPES = shapesOf(1);

/** A picture as elements of SVG. What is drawn in one color in a row is one path, so that a document stays small. */
export class SvgSurface implements Surface {
  readonly width: number;
  readonly height: number;
  readonly #patterns: SvgPatterns;
  readonly #elements: string[] = [];
  #fill = '';
  #path = '';

  /** Patterns are shared by all surfaces of a document. */
  constructor(width: number, height: number, patterns: SvgPatterns) {
    this.width = width;
    this.height = height;
    this.#patterns = patterns;
  }

  /** The picture as an element of SVG whose upper left corner lies at (x, y). What lies outside is not shown. */
  toElement(x: number, y: number): string {
    this.#endPath();
    const { width, height } = this;
    const content = this.#elements.join('\n');
    return `<svg x="${x}" y="${y}" width="${width}" height="${height}">\n${content}\n</svg>`;
  }

  fillRect(x0: number, y0: number, x1: number, y1: number, color: Pixel): void {
    this.#addRect(x0, y0, x1, y1, hexColor(color));
  }

  fillColumns(y0: number, y1: number, columns: ColumnColors): void {
    if (y1 <= y0) return;
    this.#endPath();
    const paths = new Map<Pixel, string>();
    for (const { from, to, pieces } of columnRuns(columns, y1 - y0)) {
      pieces.forEach(({ top, color }, i) => {
        const bottom = pieces[i + 1]?.top ?? y1 - y0;
        paths.set(color, (paths.get(color) ?? '') + rectPath(from, y0 + top, to, y0 + bottom));
      });
    }
    for (const [color, path] of paths) this.#elements.push(`<path fill="${hexColor(color)}" d="${path}"/>`);
  }

  fillLines(x0: number, y0: number, x1: number, y1: number, lines: Lines): void {
    const { period } = lines;
    const whole = y0 + Math.floor((y1 - y0) / period) * period;
    this.#addRect(x0, y0, x1, whole, this.#patterns.lines(y0, lines));
  }

  fillDots(x0: number, y0: number, x1: number, y1: number, dots: Dots): void {
    this.#addRect(x0, y0, x1, y1, this.#patterns.dots(y0, dots));
  }

  fillHatch(x0: number, y0: number, x1: number, y1: number, hatch: Hatch): void {
    this.#addRect(x0, y0, x1, y1, this.#patterns.hatch(hatch));
  }

  shapeSize(shape: ShapeName): SurfaceSize {
    return SHAPES[shape];
  }

  drawShape(shape: ShapeName, x: number, y: number, color: Pixel): void {
    this.#endPath();
    const { path } = SHAPES[shape];
    this.#elements.push(`<path fill="${hexColor(color)}" transform="translate(${x} ${y})" d="${path}"/>`);
  }

  textSize(text: string): SurfaceSize {
    return {
      width: Math.ceil(characterWidths(text) * ADVANCE * SVG_FONT_PX),
      height: Math.ceil(BOX_HEIGHT * SVG_FONT_PX),
    };
  }

  /** The text is as wide as it was measured, whatever font a viewer has. */
  drawText(text: string, x: number, y: number, color: Pixel): void {
    if (text === '') return;
    this.#endPath();
    const { width } = this.textSize(text);
    this.#elements.push(
      `<text x="${x}" y="${y + BASE_LINE * SVG_FONT_PX}" fill="${hexColor(color)}" textLength="${width}" lengthAdjust="spacingAndGlyphs">${escapeXml(text)}</text>`,
    );
  }

  #addRect(x0: number, y0: number, x1: number, y1: number, fill: string): void {
    if (x1 <= x0 || y1 <= y0) return;
    if (fill !== this.#fill) this.#endPath();
    this.#fill = fill;
    this.#path += rectPath(x0, y0, x1, y1);
  }

  #endPath(): void {
    if (this.#path !== '') this.#elements.push(`<path fill="${this.#fill}" d="${this.#path}"/>`);
    this.#path = '';
  }
}

function rectPath(x0: number, y0: number, x1: number, y1: number): string {
  return `M${x0} ${y0}h${x1 - x0}v${y1 - y0}h${x0 - x1}z`;
}

/** One color of a column, from a row on. */
interface Piece {
  readonly top: number;
  readonly color: Pixel;
}

/** Neighboring columns of the same pieces. */
interface ColumnRun {
  readonly from: number;
  readonly to: number;
  readonly pieces: readonly Piece[];
}

function columnRuns(columns: ColumnColors, rows: number): ColumnRun[] {
  const colors = columns.row.slice();
  const pieces: Piece[][] = Array.from(colors, () => []);
  for (let y = 0; y < rows; y++) {
    columns.apply(y, colors);
    for (const [column, color] of colors.entries())
      if (pieces[column]?.at(-1)?.color !== color) pieces[column]?.push({ top: y, color });
  }
  const runs: ColumnRun[] = [];
  for (let from = 0; from < pieces.length; ) {
    const first = pieces[from] ?? [];
    let to = from + 1;
    while (to < pieces.length && areEqual(first, pieces[to] ?? [])) to++;
    runs.push({ from, to, pieces: first });
    from = to;
  }
  return runs;
}

function areEqual(a: readonly Piece[], b: readonly Piece[]): boolean {
  return a.length === b.length && a.every(({ top, color }, i) => b[i]?.top === top && b[i]?.color === color);
}

/** East Asian wide characters and pictographs: two columns each. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

/** Columns that a text takes in a monospaced font. */
function characterWidths(text: string): number {
  let columns = 0;
  for (const character of text) columns += WIDE.test(character) ? 2 : 1;
  return columns;
}
