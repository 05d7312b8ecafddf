/** What a list of extents says of each beside its state: where it lies in its file, and what was found there. */
import type { FindingSeverity } from '../../../shared/model/finding.ts';
import type { ExtentDetails, LayerRange } from '../../../shared/model/track.ts';
import { lookupCluster } from '../../qcow2/read/lookup-cluster.ts';
import type { FindingLog } from '../findings/finding-log.ts';
import type { ChainTables } from '../tables/chain-tables.ts';

/** Notes say nothing of a single extent. */
const SEVERITIES: readonly FindingSeverity[] = ['corruption', 'hazard', 'leak'];

/** The details of extents of layers, in their order. */
export function extentDetailsOf(
  tables: ChainTables,
  log: Pick<FindingLog, 'page'>,
  extents: readonly LayerRange[],
): ExtentDetails[] {
  return extents.map(({ layer, start, end }) => {
    const { findings, total } = log.page({ severities: SEVERITIES, layers: [layer], start, end }, 0, 1);
    return {
      hostOffset: hostOffsetAt(tables, layer, start),
      finding: findings[0]?.code ?? '',
      findings: total,
    };
  });
}

/** Where the byte at a guest offset lies in the file of the layer in a slot; -1 where it lies nowhere. */
export function hostOffsetAt({ layers, slotCount }: ChainTables, slot: number, offset: number): number {
  const layer = layers[slot];
  // An export of a whole chain has a slot for each depth, and no files.
  if (layer === undefined || slotCount !== layers.length || offset >= layer.plan.size) return -1;
  if (layer.metadata !== undefined) return lookupCluster(layer.metadata.map, offset).hostOffset;
  return layer.plan.nbd?.exportKind === 'rawLayer' ? offset : -1;
}
