/**
 * The picture of a chain as an SVG document: the whole disk, the axis, a lane for each track with its name, and the
 * legend of what occurs. Every part is painted by the calls that paint the window.
 */
import { STATES } from '../extent/flags.ts';
import { BITS_OF_STATE } from '../extent/parts.ts';
import { type LegendKey, legendOf, MARK_KEYS } from '../legend.ts';
import type { OpenedChain } from '../model/chain.ts';
import { PRESENT } from '../model/tile.ts';
import type { TrackInfo } from '../model/track.ts';
import type { Palette } from '../palette.ts';
import { formatOffset, formatSize } from '../text/offset.ts';
import { escapeUntrusted } from '../text/untrusted-text.ts';
import { escapeXml } from '../text/xml-text.ts';
import { type ColorSet, colorSetOf, hexOf, mix, readable } from './color-set.ts';
import { laneLayout } from './lane-layout.ts';
import { paintAxis } from './paint-axis.ts';
import { paintOverview } from './paint-overview.ts';
import { paintSwatch, SWATCH_PX } from './paint-swatch.ts';
import { paintTrack } from './paint-track.ts';
import { type ColumnStrip, MARKS, presentIn } from './strip/column-strip.ts';
import { SvgPatterns } from './surface/svg-patterns.ts';
import { SVG_FONT_PX, SvgSurface } from './surface/svg-surface.ts';
import type { Viewport } from './ticks.ts';
import { trackCaptions, trackLabels } from './track-labels.ts';

/** What a picture shows. */
export interface ChainPicture {
  readonly opened: Pick<OpenedChain, 'chain' | 'tracks'>;
  /** The part of the guest's axis that the lanes show. */
  readonly view: Viewport;
  /** The strip of each track in that view, by track id. All are as wide as the lanes are in CSS pixels. */
  readonly strips: readonly ColumnStrip[];
  /** The strip of each track over the whole disk, as wide; none where the view is the whole disk. */
  readonly overview?: readonly ColumnStrip[];
  readonly palette: Palette;
  /** What ids in the document begin with: unique in a page that holds several pictures. */
  readonly idPrefix?: string;
}

/** CSS pixels: the column of names, lanes and the gap below one, the axis, the whole disk, and the margin around all. */
const NAME_WIDTH_PX = 232;
const LANE_HEIGHT_PX = 64;
const GAP_PX = 6;
const AXIS_HEIGHT_PX = 24;
const OVERVIEW_HEIGHT_PX = 36;
const MARGIN_PX = 12;
/** CSS pixels between two lines of text, and between two entries of the legend. */
const LINE_PX = 17;
const ENTRY_GAP_PX = 16;
/** Longest name of a layer beside its lane, in characters. */
const NAME_LENGTH = 32;

/** The picture as a whole document; it can stand in an HTML page as it is. Names in it are text, never markup. */
export function chainPictureSvg(picture: ChainPicture): string {
  return new ChainPainter(picture).toDocument();
}

/** Places the parts of a picture below each other. */
class ChainPainter {
  readonly #picture: ChainPicture;
  readonly #colors: ColorSet;
  readonly #patterns: SvgPatterns;
  readonly #laneWidth: number;
  readonly #parts: string[] = [];
  #y = MARGIN_PX;

  constructor(picture: ChainPicture) {
    this.#picture = picture;
    this.#colors = colorSetOf(picture.palette);
    this.#patterns = new SvgPatterns(picture.idPrefix ?? 'pattern');
    this.#laneWidth = picture.strips[0]?.width ?? 0;
    if (picture.overview !== undefined) this.#addOverview(picture.overview);
    this.#addAxis();
    for (const track of picture.opened.tracks) this.#addLane(track);
    this.#addLegend();
  }

  toDocument(): string {
    const width = NAME_WIDTH_PX + this.#laneWidth + 2 * MARGIN_PX;
    const height = this.#y + MARGIN_PX;
    const title = escapeXml(this.#title());
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}" font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="${SVG_FONT_PX}" shape-rendering="crispEdges">`,
      `<title>${title}</title>`,
      `<defs>\n${this.#patterns.toElements()}\n</defs>`,
      `<rect width="${width}" height="${height}" fill="${hexOf(this.#colors.lane)}"/>`,
      ...this.#parts,
      '</svg>\n',
    ].join('\n');
  }

  #title(): string {
    const { opened, view } = this.#picture;
    const names = opened.chain.layers.map(({ name }) => escapeUntrusted(name, NAME_LENGTH)).reverse();
    const range = `${formatOffset(Math.round(view.start))} to ${formatOffset(Math.round(view.end))}`;
    return `${names.join(' over ')}, ${range}`;
  }

  #addOverview(strips: readonly ColumnStrip[]): void {
    const { chain } = this.#picture.opened;
    this.#addHead([['Whole disk', formatSize(chain.size)]], OVERVIEW_HEIGHT_PX);
    const surface = this.#surface(OVERVIEW_HEIGHT_PX);
    paintOverview(surface, strips, this.#colors, 1);
    this.#addRow(surface);
  }

  #addAxis(): void {
    const { view } = this.#picture;
    const { lane, frame } = this.#colors;
    this.#addHead([['In view', formatSize(Math.round(view.end - view.start))]], AXIS_HEIGHT_PX);
    const surface = this.#surface(AXIS_HEIGHT_PX);
    const colors = { ground: lane, line: frame, offset: readable(lane), size: frame };
    paintAxis(surface, view, this.#laneWidth, colors);
    this.#addRow(surface, 0);
  }

  #addLane(track: TrackInfo): void {
    const { opened, view, strips } = this.#picture;
    const strip = strips[track.id];
    if (strip === undefined) return;
    this.#addHead(headOf(track, opened), LANE_HEIGHT_PX);
    const surface = this.#surface(LANE_HEIGHT_PX);
    paintTrack(surface, strip, laneLayout(LANE_HEIGHT_PX, 1), this.#colors, {
      labels: trackLabels(track, opened),
      captions: trackCaptions(track, opened),
      ownerCount: opened.tracks.length - 1,
      faded: [],
      marks: MARKS,
      phase: Math.round((view.start / (view.end - view.start)) * strip.width),
    });
    this.#addRow(surface);
  }

  /** What occurs in the lanes, as many entries beside each other as there is room for. */
  #addLegend(): void {
    const { opened, strips } = this.#picture;
    const legend = legendOf(opened);
    const width = NAME_WIDTH_PX + this.#laneWidth;
    let x = 0;
    for (const key of keysIn(strips)) {
      const text = this.#text([legend[key].label], LINE_PX);
      const entryWidth = SWATCH_PX.width + GAP_PX + text.width;
      if (x > 0 && x + entryWidth > width) {
        x = 0;
        this.#y += SWATCH_PX.height + GAP_PX;
      }
      const swatch = new SvgSurface(SWATCH_PX.width, SWATCH_PX.height, this.#patterns);
      paintSwatch(swatch, key, this.#colors, 1, true);
      this.#parts.push(swatch.toElement(MARGIN_PX + x, this.#y));
      this.#parts.push(text.toElement(MARGIN_PX + x + SWATCH_PX.width + GAP_PX, this.#y + 2));
      x += entryWidth + ENTRY_GAP_PX;
    }
    this.#y += SWATCH_PX.height;
  }

  #surface(height: number): SvgSurface {
    return new SvgSurface(this.#laneWidth, height, this.#patterns);
  }

  /** Lines of text of which each has a strong part and a weak one, in the middle of a row's height. */
  #addHead(lines: readonly (readonly string[])[], height: number): void {
    const top = Math.floor((height - lines.length * LINE_PX) / 2);
    lines.forEach((parts, i) => {
      const text = this.#text(parts, LINE_PX);
      this.#parts.push(text.toElement(MARGIN_PX, this.#y + top + i * LINE_PX));
    });
  }

  /** Parts of a line beside each other, the first one strong. */
  #text(parts: readonly string[], height: number): SvgSurface {
    const { lane, frame } = this.#colors;
    const probe = new SvgSurface(0, 0, this.#patterns);
    const widths = parts.map(part => probe.textSize(`${part} `).width);
    const surface = new SvgSurface(
      widths.reduce((sum, width) => sum + width, 0),
      height,
      this.#patterns,
    );
    let x = 0;
    parts.forEach((part, i) => {
      surface.drawText(part, x, 1, i === 0 ? readable(lane) : frame);
      x += widths[i] ?? 0;
    });
    return surface;
  }

  /** Puts a row of the lanes' width into a thin frame. */
  #addRow(surface: SvgSurface, line = 1): void {
    const { lane, frame } = this.#colors;
    const x = MARGIN_PX + NAME_WIDTH_PX;
    this.#parts.push(surface.toElement(x, this.#y));
    if (line > 0) {
      const { width, height } = surface;
      this.#parts.push(
        `<rect x="${x - 0.5}" y="${this.#y - 0.5}" width="${width + 1}" height="${height + 1}" fill="none" stroke="${hexOf(mix(lane, frame, 0.45))}"/>`,
      );
    }
    this.#y += surface.height + GAP_PX;
  }
}

/** The name of a track and what is known of its image. */
function headOf(track: TrackInfo, { chain }: ChainPicture['opened']): readonly (readonly string[])[] {
  if (track.kind === 'guest') return [['Guest'], ['', formatSize(track.size)]];
  const layer = chain.layers[track.layer];
  const name = escapeUntrusted(track.title, NAME_LENGTH);
  if (layer === undefined) return [[name], ['', formatSize(track.size)]];
  const cluster = layer.clusterSize > 1 ? `, ${formatSize(layer.clusterSize)} clusters` : '';
  return [[name], ['', `layer ${layer.index}, ${layer.format}, ${formatSize(track.size)}${cluster}`]];
}

/** The states and marks that occur in any strip, in the order of the legend. */
function keysIn(strips: readonly ColumnStrip[]): readonly LegendKey[] {
  const present = strips.reduce((mask, strip) => mask | presentIn(strip), 0);
  return [
    ...STATES.filter((_, i) => present & (BITS_OF_STATE[i] as number)),
    ...MARK_KEYS.filter(mark => present & PRESENT[mark]),
  ];
}
