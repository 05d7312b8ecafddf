/** The owners that a range of the merged map can have. */
import type { ChainInfo } from '../../shared/model/layer.ts';
import type { MapTotals } from '../../shared/model/statistics.ts';

/** A layer, or a depth of an NBD export of a whole chain. */
export interface MapOwner {
  readonly key: 'layer' | 'depth';
  readonly index: number;
  /** Untrusted text. */
  readonly name: string;
}

/**
 * True where all layers are open, so that it is known what each hides. An NBD export of a whole chain tells nothing of
 * that, and below the lowest layer of an incomplete chain there may be anything.
 */
export function areHiddenKnown({ complete, layers }: ChainInfo): boolean {
  return complete && layers[0]?.format !== 'nbd';
}

/** The owners that sums are about, base first, in the order of `sums.owners`. */
export function ownersOf({ layers }: ChainInfo, sums: MapTotals, layer: number | undefined): MapOwner[] {
  const count = sums.shadowed.length;
  if (layer !== undefined) return [{ key: 'layer', index: layer, name: layers[layer]?.name ?? '' }];
  if (layers[0]?.format !== 'nbd') return layers.map(({ index, name }) => ({ key: 'layer', index, name }));
  return Array.from({ length: count }, (_, i) => ({
    key: 'depth',
    index: count - i,
    name: `depth ${count - i}`,
  }));
}
