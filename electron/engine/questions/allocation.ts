/** How a layer's image uses its file: measured in slices, so that other questions are answered meanwhile. */
import type { AllocationReply } from '../../../shared/model/allocation.ts';
import { measureAllocation } from '../../qcow2/layout/allocation.ts';
import { runInSlices } from '../../qcow2/read/sliced-work.ts';
import type { ChainTables } from '../tables/chain-tables.ts';
import { layerOf } from './check-choice.ts';
import type { Superseded } from './page-loop.ts';

/** The allocation of one layer, or why there is none. Rejects with CANCELLED once `superseded`. */
export async function allocationOf(
  tables: ChainTables,
  layer: number,
  superseded: Superseded,
): Promise<AllocationReply> {
  const image = layerOf(tables, layer).metadata?.image;
  if (image === undefined) return { measured: false, why: 'it is not read by its own tables' };
  return await runInSlices(measureAllocation(image), superseded);
}
