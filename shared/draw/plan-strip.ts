/** Strips of a plan's picture: what one of its tracks shows in each device column. */
import { LOCAL } from '../extent/flags.ts';
import { partIndexOf } from '../extent/parts.ts';
import { PLAN_TRACKS, type PlanPicture, type PlanTrack } from '../model/plan/plan-picture.ts';
import type { Pixel } from './color-set.ts';
import { type ColumnStrip, createColumnStrip } from './strip/column-strip.ts';
import { stripFromExtents } from './strip/strip-from-extents.ts';
import { stripFromTiles } from './strip/strip-from-tiles.ts';
import type { Surface } from './surface/surface.ts';
import type { Viewport } from './ticks.ts';

/** The bit of a column in which something is written. */
const WRITTEN = 1 << partIndexOf(LOCAL);

/** The strip of a track in a view. */
export function planStrip(
  picture: PlanPicture,
  track: PlanTrack,
  view: Viewport,
  width: number,
): ColumnStrip {
  const strip = createColumnStrip(width);
  const number = PLAN_TRACKS.indexOf(track);
  if (picture.kind === 'exact') {
    const extents = picture.extents[number];
    if (extents !== undefined) stripFromExtents(strip, extents, picture.size, view);
    return strip;
  }
  const { level, tiles } = picture;
  const source = {
    get: (at: number, tile: number) => {
      const tracks = at === level ? tiles[tile] : undefined;
      return tracks === undefined ? undefined : { tracks };
    },
    levels: () => [level],
  };
  stripFromTiles(strip, number, view, source, level);
  return strip;
}

/** Paints where something is written: every column of the strip of `written` that holds any of it, full height. */
export function paintWritten(surface: Surface, strip: ColumnStrip, color: Pixel, ground: Pixel): void {
  surface.fillRect(0, 0, surface.width, surface.height, ground);
  for (let from = 0; from < strip.width; ) {
    const isWritten = (strip.present[from] as number) & WRITTEN;
    let to = from + 1;
    while (to < strip.width && ((strip.present[to] as number) & WRITTEN) === isWritten) to++;
    if (isWritten !== 0) surface.fillRect(from, 0, to, surface.height, color);
    from = to;
  }
}
