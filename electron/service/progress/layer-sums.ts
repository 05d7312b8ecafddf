/** How far the reading of a whole chain is. */
import type { LayerProgress } from '../../../shared/model/progress.ts';

/** Bytes of guest disks that were read of all layers by all their witnesses, and how many there are to read. */
export function sumOfLayers(layers: readonly LayerProgress[]): [covered: number, total: number] {
  return [
    layers.reduce((sum, { covered }) => sum + covered, 0),
    layers.reduce((sum, { total }) => sum + total, 0),
  ];
}
