/** The frame of a picture as an SVG document: rows with a head beside each, and the legend of what occurs. */
import type { Legend, LegendKey } from '../../legend.ts';
import { formatSize } from '../../text/offset.ts';
import { escapeXml } from '../../text/xml-text.ts';
import { type ColorSet, hexColor, mixPixels, readableOn } from '../color-set.ts';
import { paintAxis } from '../paint-axis.ts';
import { paintSwatch, SWATCH_PX } from '../paint-swatch.ts';
import { SvgPatterns } from '../surface/svg-patterns.ts';
import { SVG_FONT_PX, SvgSurface } from '../surface/svg-surface.ts';
import type { Viewport } from '../ticks.ts';

/** CSS pixels: the gap below a row, and the margin around all. */
const GAP_PX = 6;
const MARGIN_PX = 12;
/** CSS pixels between two lines of text, and between two entries of the legend. */
const LINE_PX = 17;
const ENTRY_GAP_PX = 16;
/** CSS pixels of the axis. */
const AXIS_HEIGHT_PX = 24;

/** How a picture is laid out and colored. */
export interface PictureFrame {
  readonly colors: ColorSet;
  /** What ids in the document begin with: unique in a page that holds several pictures. */
  readonly idPrefix: string;
  /** CSS pixels of the column of names, and of the rows beside it. */
  readonly headWidth: number;
  readonly rowWidth: number;
}

/** Places the rows of a picture below each other. */
export class PictureRows {
  readonly #frame: PictureFrame;
  readonly #patterns: SvgPatterns;
  readonly #parts: string[] = [];
  #y = MARGIN_PX;

  constructor(frame: PictureFrame) {
    this.#frame = frame;
    this.#patterns = new SvgPatterns(frame.idPrefix);
  }

  /** The whole document. The title is text, never markup. */
  toDocument(title: string): string {
    const { colors, headWidth, rowWidth } = this.#frame;
    const width = headWidth + rowWidth + 2 * MARGIN_PX;
    const height = this.#y + MARGIN_PX;
    const name = escapeXml(title);
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${name}" font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="${SVG_FONT_PX}" shape-rendering="crispEdges">`,
      `<title>${name}</title>`,
      `<defs>\n${this.#patterns.toElements()}\n</defs>`,
      `<rect width="${width}" height="${height}" fill="${hexColor(colors.lane)}"/>`,
      ...this.#parts,
      '</svg>\n',
    ].join('\n');
  }

  /** A surface as wide as a row. */
  surface(height: number): SvgSurface {
    return new SvgSurface(this.#frame.rowWidth, height, this.#patterns);
  }

  /** Lines of text of which each has a strong part and a weak one, in the middle of the height of the row that follows. */
  addHead(lines: readonly (readonly string[])[], height: number): void {
    const top = Math.floor((height - lines.length * LINE_PX) / 2);
    lines.forEach((parts, i) => {
      const text = this.#text(parts, LINE_PX);
      this.#parts.push(text.toElement(MARGIN_PX, this.#y + top + i * LINE_PX));
    });
  }

  /** Puts a row below the last one, by default into a thin frame. */
  addRow(surface: SvgSurface, line = 1): void {
    const { lane, frame } = this.#frame.colors;
    const x = MARGIN_PX + this.#frame.headWidth;
    this.#parts.push(surface.toElement(x, this.#y));
    if (line > 0) {
      const { width, height } = surface;
      this.#parts.push(
        `<rect x="${x - 0.5}" y="${this.#y - 0.5}" width="${width + 1}" height="${height + 1}" fill="none" stroke="${hexColor(mixPixels(lane, frame, 0.45))}"/>`,
      );
    }
    this.#y += surface.height + GAP_PX;
  }

  /** The axis of a view, with the bytes in view beside it. */
  addAxis(view: Viewport): void {
    const { lane, frame } = this.#frame.colors;
    this.addHead([['In view', formatSize(Math.round(view.end - view.start))]], AXIS_HEIGHT_PX);
    const surface = this.surface(AXIS_HEIGHT_PX);
    const colors = { ground: lane, line: frame, offset: readableOn(lane), size: frame };
    paintAxis(surface, view, this.#frame.rowWidth, colors);
    this.addRow(surface, 0);
  }

  /** What these keys look like, as many entries beside each other as there is room for. */
  addLegend(keys: readonly LegendKey[], legend: Legend): void {
    const { colors, headWidth, rowWidth } = this.#frame;
    let x = 0;
    for (const key of keys) {
      const text = this.#text([legend[key].label], LINE_PX);
      const entryWidth = SWATCH_PX.width + GAP_PX + text.width;
      if (x > 0 && x + entryWidth > headWidth + rowWidth) {
        x = 0;
        this.#y += SWATCH_PX.height + GAP_PX;
      }
      const swatch = new SvgSurface(SWATCH_PX.width, SWATCH_PX.height, this.#patterns);
      paintSwatch(swatch, key, colors, 1, true);
      this.#parts.push(swatch.toElement(MARGIN_PX + x, this.#y));
      this.#parts.push(text.toElement(MARGIN_PX + x + SWATCH_PX.width + GAP_PX, this.#y + 2));
      x += entryWidth + ENTRY_GAP_PX;
    }
    this.#y += SWATCH_PX.height;
  }

  /** Parts of a line beside each other, the first one strong. */
  #text(parts: readonly string[], height: number): SvgSurface {
    const { lane, frame } = this.#frame.colors;
    const probe = new SvgSurface(0, 0, this.#patterns);
    const widths = parts.map(part => probe.textSize(`${part} `).width);
    const surface = new SvgSurface(
      widths.reduce((sum, width) => sum + width, 0),
      height,
      this.#patterns,
    );
    let x = 0;
    parts.forEach((part, i) => {
      surface.drawText(part, x, 1, i === 0 ? readableOn(lane) : frame);
      x += widths[i] ?? 0;
    });
    return surface;
  }
}
