/** The picture of a plan as an SVG document: the target's disk before and after, and between them where it is written. */
import { legendOf } from '../../legend.ts';
import type { OpenedChain } from '../../model/chain.ts';
import type { Plan } from '../../model/plan/plan.ts';
import type { PlanPicture } from '../../model/plan/plan-picture.ts';
import type { Palette } from '../../palette.ts';
import { formatSize } from '../../text/offset.ts';
import { escapeUntrusted } from '../../text/untrusted-text.ts';
import { colorSetOf } from '../color-set.ts';
import { bareLayout } from '../lane-layout.ts';
import { paintTrack } from '../paint-track.ts';
import { paintWritten, planStrip } from '../plan-strip.ts';
import { trackLabels } from '../track-labels.ts';
import { legendKeysIn } from './legend-keys.ts';
import { PictureRows } from './picture-rows.ts';

/** CSS pixels: the column of names, the lanes, and the bar between them. */
const NAME_WIDTH_PX = 232;
const LANE_WIDTH_PX = 960;
const LANE_HEIGHT_PX = 40;
const BAR_HEIGHT_PX = 12;
/** Longest name of a layer beside its lane, in characters. */
const NAME_CHARACTERS = 32;

/** What a picture of a plan shows. */
export interface DrawnPlan {
  readonly plan: Plan;
  readonly picture: PlanPicture;
  /** The chain of the plan: its witnesses decide what states are called. */
  readonly opened: Pick<OpenedChain, 'chain' | 'tracks'>;
  readonly palette: Palette;
  /** What ids in the document begin with: unique in a page that holds several pictures. */
  readonly idPrefix: string;
}

/** The picture as a whole document. Names in it are text, never markup. */
export function planPictureSvg({ plan, picture, opened, palette, idPrefix }: DrawnPlan): string {
  const colors = colorSetOf(palette);
  const view = { start: 0, end: Math.max(1, picture.size) };
  const frame = { colors, idPrefix, headWidth: NAME_WIDTH_PX, rowWidth: LANE_WIDTH_PX };
  const rows = new PictureRows(frame);
  const track = opened.tracks.find(({ layer }) => layer === plan.target.layer);
  const labels = track === undefined ? () => [] : trackLabels(track, opened);
  const stripOf = (name: 'before' | 'after' | 'written') => planStrip(picture, name, view, LANE_WIDTH_PX);
  const addLane = (name: 'before' | 'after', size: number) => {
    rows.addHead([[name === 'before' ? 'Before' : 'After'], ['', formatSize(size)]], LANE_HEIGHT_PX);
    const surface = rows.surface(LANE_HEIGHT_PX);
    const options = { labels, faded: [], marks: 0, phase: 0 };
    paintTrack(surface, stripOf(name), bareLayout(LANE_HEIGHT_PX, 1), colors, options);
    rows.addRow(surface);
  };
  rows.addAxis(view);
  addLane('before', plan.target.sizeBefore);
  rows.addHead([['Written']], BAR_HEIGHT_PX);
  const bar = rows.surface(BAR_HEIGHT_PX);
  paintWritten(bar, stripOf('written'), colors.frame, colors.lane);
  rows.addRow(bar);
  addLane('after', plan.target.sizeAfter);
  rows.addLegend(legendKeysIn([stripOf('before'), stripOf('after')]), legendOf(opened));
  const name = escapeUntrusted(plan.layers[plan.target.layer]?.name ?? '', NAME_CHARACTERS);
  return rows.toDocument(`${name} before and after${plan.bytesCopiedExact ? '' : ', at most'}`);
}
