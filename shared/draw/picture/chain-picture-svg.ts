/**
 * The picture of a chain as an SVG document: the whole disk, the axis, a lane for each track with its name, and the
 * legend of what occurs. Every part is painted by the calls that paint the window.
 */
import { legendOf } from '../../legend.ts';
import type { OpenedChain } from '../../model/chain.ts';
import { confidenceText } from '../../model/inference.ts';
import type { LayerInfo } from '../../model/layer.ts';
import type { TrackInfo } from '../../model/track.ts';
import type { Palette } from '../../palette.ts';
import { leastSureOf } from '../../text/inference-text.ts';
import { formatOffset, formatSize } from '../../text/offset.ts';
import { escapeUntrusted } from '../../text/untrusted-text.ts';
import { type ColorSet, colorSetOf } from '../color-set.ts';
import { laneLayout } from '../lane-layout.ts';
import { paintOverview } from '../paint-overview.ts';
import { paintTrack } from '../paint-track.ts';
import { type ColumnStrip, MARKS } from '../strip/column-strip.ts';
import type { Viewport } from '../ticks.ts';
import { trackCaptions, trackLabels } from '../track-labels.ts';
import { legendKeysIn } from './legend-keys.ts';
import { PictureRows } from './picture-rows.ts';

/** What a picture shows. */
export interface DrawnChain {
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

/** CSS pixels: the column of names, lanes, and the whole disk. */
const NAME_WIDTH_PX = 280;
const LANE_HEIGHT_PX = 64;
const OVERVIEW_HEIGHT_PX = 36;
/** Longest name of a layer beside its lane, in characters. */
const NAME_CHARACTERS = 32;
/** Most characters of the line below it that have room beside the lane. */
const FACTS_LENGTH = 40;

/** The picture as a whole document; it can stand in an HTML page as it is. Names in it are text, never markup. */
export function chainPictureSvg(picture: DrawnChain): string {
  return new ChainPainter(picture).toDocument();
}

/** Paints the parts of a picture below each other. */
class ChainPainter {
  readonly #picture: DrawnChain;
  readonly #colors: ColorSet;
  readonly #rows: PictureRows;
  readonly #laneWidth: number;

  constructor(picture: DrawnChain) {
    this.#picture = picture;
    this.#colors = colorSetOf(picture.palette);
    this.#laneWidth = picture.strips[0]?.width ?? 0;
    this.#rows = new PictureRows({
      colors: this.#colors,
      idPrefix: picture.idPrefix ?? 'pattern',
      headWidth: NAME_WIDTH_PX,
      rowWidth: this.#laneWidth,
    });
    if (picture.overview !== undefined) this.#addOverview(picture.overview);
    this.#rows.addAxis(picture.view);
    for (const track of picture.opened.tracks) this.#addLane(track);
    this.#rows.addLegend(legendKeysIn(picture.strips), legendOf(picture.opened));
  }

  toDocument(): string {
    const { opened, view } = this.#picture;
    const names = opened.chain.layers.map(({ name }) => escapeUntrusted(name, NAME_CHARACTERS)).reverse();
    const range = `${formatOffset(Math.round(view.start))} to ${formatOffset(Math.round(view.end))}`;
    return this.#rows.toDocument(`${names.join(' over ')}, ${range}`);
  }

  #addOverview(strips: readonly ColumnStrip[]): void {
    const { chain } = this.#picture.opened;
    this.#rows.addHead([['Whole disk', formatSize(chain.size)]], OVERVIEW_HEIGHT_PX);
    const surface = this.#rows.surface(OVERVIEW_HEIGHT_PX);
    paintOverview(surface, strips, this.#colors, 1);
    this.#rows.addRow(surface);
  }

  #addLane(track: TrackInfo): void {
    const { opened, view, strips } = this.#picture;
    const strip = strips[track.id];
    if (strip === undefined) return;
    this.#rows.addHead(headOf(track, opened), LANE_HEIGHT_PX);
    const surface = this.#rows.surface(LANE_HEIGHT_PX);
    paintTrack(surface, strip, laneLayout(LANE_HEIGHT_PX, 1), this.#colors, {
      labels: trackLabels(track, opened),
      captions: trackCaptions(track, opened),
      ownerCount: opened.tracks.length - 1,
      faded: [],
      marks: MARKS,
      phase: Math.round((view.start / (view.end - view.start)) * strip.width),
    });
    this.#rows.addRow(surface);
  }
}

/** The name of a track and what is known of its image. */
function headOf(track: TrackInfo, { chain }: DrawnChain['opened']): readonly (readonly string[])[] {
  if (track.kind === 'guest') return [['Guest'], ['', formatSize(track.size)], ...inferredLine(chain.layers)];
  const layer = chain.layers[track.layer];
  const name = escapeUntrusted(track.title, NAME_CHARACTERS);
  if (layer === undefined) return [[name], ['', formatSize(track.size)]];
  const disk = `layer ${layer.index}, ${layer.format}, ${formatSize(track.size)}`;
  const cluster = layer.clusterSize > 1 ? `${formatSize(layer.clusterSize)} clusters` : '';
  const facts = cluster === '' ? disk : `${disk}, ${cluster}`;
  const lines = facts.length <= FACTS_LENGTH ? [facts] : [disk, cluster];
  return [[name], ...lines.map(line => ['', line]), ...inferredLine([layer])];
}

/** How sure a track is that rests on what was inferred; no line where nothing was. */
function inferredLine(layers: readonly LayerInfo[]): readonly (readonly string[])[] {
  const inference = leastSureOf(layers);
  return inference === undefined ? [] : [[`inferred, ${confidenceText(inference)}`]];
}
