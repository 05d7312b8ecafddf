/** The sums of dirty bitmaps with what the images record about them. */
import type { BitmapInfo, ChainInfo } from '../../shared/model/layer.ts';
import type { BitmapTotals, MapTotals } from '../../shared/model/statistics.ts';

/** A bitmap's sums, and what its image records. An NBD server tells nothing but the name. */
export type BitmapRow = BitmapTotals & { readonly info: BitmapInfo | undefined };

/** The bitmaps of the sums, in the order in which rows number them. */
export function bitmapRowsOf({ layers }: ChainInfo, { bitmaps }: MapTotals): BitmapRow[] {
  return bitmaps.map(sums => ({
    ...sums,
    info: layers[sums.layer]?.qcow2?.bitmaps.find(({ name }) => name === sums.name),
  }));
}

/** How many bitmaps the images have beside those that were read. A snapshot's view shows none. */
export function bitmapsLeft(
  { layers }: ChainInfo,
  { bitmaps }: MapTotals,
  layer: number | undefined,
): number {
  const left = (index: number, all: number) => all - bitmaps.filter(own => own.layer === index).length;
  return layers
    .filter(({ index, snapshot }) => (layer === undefined || index === layer) && snapshot === undefined)
    .reduce((sum, { index, qcow2 }) => sum + left(index, qcow2?.bitmaps.length ?? 0), 0);
}
