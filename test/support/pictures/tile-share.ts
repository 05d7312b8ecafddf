import { TILE_COLUMNS, type TileColumns } from '../../../shared/model/tile.ts';

/** The share of a part in one column of a tile, out of 255. */
export function tileShare({ parts, shares }: TileColumns, part: number, column: number): number {
  const row = parts.indexOf(part);
  return row < 0 ? 0 : shares[row * TILE_COLUMNS + column]!;
}
