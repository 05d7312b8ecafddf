/** The check of one layer: in slices, so that other questions are answered meanwhile. Its findings go into the log. */
import { type CheckReply, verdictOf } from '../../../shared/model/check.ts';
import { checkImage } from '../../qcow2/check/engine.ts';
import { runInSlices } from '../../qcow2/read/sliced-work.ts';
import type { FindingLog } from '../findings/finding-log.ts';
import type { ChainTables } from '../tables/chain-tables.ts';
import { layerOf } from './check-choice.ts';
import type { Superseded } from './page-loop.ts';

/** Checks a layer. Rejects with CANCELLED once `superseded`. */
export async function checkLayer(
  tables: ChainTables,
  findings: FindingLog,
  layer: number,
  superseded: Superseded,
): Promise<CheckReply> {
  const { metadata, plan } = layerOf(tables, layer);
  if (metadata === undefined) return { checked: false, why: 'it is not read by its own tables' };
  if (plan.metadata?.snapshotId !== undefined)
    return { checked: false, why: 'an internal snapshot of it is shown, not the disk' };
  const { image, map } = metadata;
  const dataFile = map.rules.dataFile ? map.dataSource : undefined;
  const {
    steps,
    counts,
    findings: found,
  } = await runInSlices(checkImage(image, { layer, dataFile }), superseded);
  findings.setChecked(layer, found);
  const verdict = verdictOf(findings.ofLayer(layer), steps, counts);
  return { checked: true, check: { layer, verdict, steps, ...(counts === undefined ? {} : { counts }) } };
}
