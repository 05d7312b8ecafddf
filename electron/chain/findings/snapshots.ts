/** Findings about internal snapshots of layers that others rest on. */
import { type Finding, makeFinding } from '../../../shared/model/finding.ts';
import type { LayerInfo } from '../../../shared/model/layer.ts';

/** A finding for each layer below others that holds internal snapshots. */
export function snapshotFindings(layers: readonly Pick<LayerInfo, 'qcow2'>[]): Finding[] {
  return layers.slice(0, -1).flatMap(({ qcow2 }, layer) => {
    const count = qcow2?.snapshots.length ?? 0;
    if (count === 0) return [];
    return makeFinding({
      code: 'CHAIN_LOWER_SNAPSHOTS',
      severity: 'note',
      layer,
      what: `it has ${count === 1 ? 'an internal snapshot' : `${count} internal snapshots`} and lies below other layers: to go back to one changes what is read through the layers above`,
      advice: 'do not apply a snapshot of it while layers rest on it',
      count,
    });
  });
}
