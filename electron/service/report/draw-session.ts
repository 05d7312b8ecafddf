/** The picture of a whole chain, drawn without a window from what its session has read. */
import { chainPictureSvg } from '../../../shared/draw/picture/chain-picture-svg.ts';
import { planPictureSvg } from '../../../shared/draw/picture/plan-picture-svg.ts';
import { type ColumnStrip, createColumnStrip } from '../../../shared/draw/strip/column-strip.ts';
import { stripFromTiles } from '../../../shared/draw/strip/strip-from-tiles.ts';
import { MAX_TILES_PER_CALL } from '../../../shared/ipc/questions.ts';
import type { OpenedChain } from '../../../shared/model/chain.ts';
import type { ChainInfo } from '../../../shared/model/layer.ts';
import type { Plan } from '../../../shared/model/plan/plan.ts';
import type { PlanPicture } from '../../../shared/model/plan/plan-picture.ts';
import { levelFor, type TileColumns, tileBytes } from '../../../shared/model/tile.ts';
import { DARK_PALETTE, LIGHT_PALETTE, type Palette } from '../../../shared/palette.ts';
import type { ThemedPicture } from '../../formats/report/report.ts';
import type { ChainSession } from '../chain-session.ts';

/** Columns of the drawing, in CSS pixels. */
const WIDTH_PX = 960;

/** The parts of a session that are drawn. */
export type DrawnSession = Pick<ChainSession, 'ask' | 'tracks'>;

/** Draws a session that has been read to its end. `chain` is what the names beside the lanes are taken from. */
export async function drawSession(session: DrawnSession, chain: ChainInfo): Promise<ThemedPicture> {
  const { tracks } = session;
  const view = { start: 0, end: Math.max(1, chain.size) };
  const level = levelFor(view.end / WIDTH_PX);
  const tiles = await allTiles(session, level, chain.size);
  const source = {
    get: (at: number, tile: number) => (at === level ? { tracks: tiles[tile] ?? [] } : undefined),
    levels: () => [level],
  };
  const strips: ColumnStrip[] = [];
  for (const { id } of tracks) {
    const strip = createColumnStrip(WIDTH_PX);
    stripFromTiles(strip, id, view, source, level);
    strips[id] = strip;
  }
  const draw = (palette: Palette, idPrefix: string) =>
    chainPictureSvg({ opened: { chain, tracks }, view, strips, palette, idPrefix });
  return { light: draw(LIGHT_PALETTE, 'light'), dark: draw(DARK_PALETTE, 'dark') };
}

/** Draws a plan of the chain; undefined where it writes nothing to the disk. */
export function drawPlan(
  plan: Plan,
  picture: PlanPicture | undefined,
  opened: Pick<OpenedChain, 'chain' | 'tracks'>,
): ThemedPicture | undefined {
  if (picture === undefined) return undefined;
  const draw = (palette: Palette, idPrefix: string) =>
    planPictureSvg({ plan, picture, opened, palette, idPrefix });
  return { light: draw(LIGHT_PALETTE, 'plan-light'), dark: draw(DARK_PALETTE, 'plan-dark') };
}

/** The tiles of a level over the whole disk: by number of the tile, then by track. */
async function allTiles(session: DrawnSession, level: number, size: number): Promise<TileColumns[][]> {
  const tiles: TileColumns[][] = [];
  const total = Math.ceil(size / tileBytes(level));
  for (let first = 0; first < total; ) {
    const count = Math.min(MAX_TILES_PER_CALL, total - first);
    const reply = await session.ask('tiles', { level, first, count });
    if (reply.tiles.length === 0) break;
    for (const tile of reply.tiles) {
      tiles[tile.tile] ??= [];
      (tiles[tile.tile] as TileColumns[])[tile.track] = tile;
      first = Math.max(first, tile.tile + 1);
    }
  }
  return tiles;
}
