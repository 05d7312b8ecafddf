/** What becomes of dirty bitmaps where a job does not come to its end. Source: qemu's block/qcow2-bitmap.c (qcow2_load_dirty_bitmaps). */
import type { PlanJob } from '../../shared/model/plan/plan.ts';
import type { LayerTables } from './commit/commit-input.ts';
import { quotedName } from './layer-names.ts';

/**
 * Sentences about the bitmaps of `written`, the layers that qemu-img has open for writing; none where these have no usable bitmaps. A
 * running qemu has had them open before its job, which changes nothing about them.
 */
export function bitmapsOfKilledJob(
  job: PlanJob,
  layers: readonly LayerTables[],
  written: readonly number[],
): string[] {
  if (job !== 'qemu-img') return [];
  const names = written
    .filter(layer => layers[layer]?.image?.bitmaps.some(({ unusable }) => unusable === undefined))
    .map(layer => quotedName(layers, layer));
  if (names.length === 0) return [];
  return [
    `Where qemu-img is killed or crashes, the dirty bitmaps of ${names.join(' and ')} cannot be used any more, because they are marked as in use until it ends: make a full backup then.`,
  ];
}
