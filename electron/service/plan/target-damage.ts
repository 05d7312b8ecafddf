/** What a check finds in the image that a job writes to. The map of a plan follows the tables alone, and not the refcounts. */
import type { Finding } from '../../../shared/model/finding.ts';
import type { OpenLayer } from '../../chain/discover.ts';
import { checkImage } from '../../qcow2/check/engine.ts';
import { runInSlices } from '../../qcow2/read/sliced-work.ts';

/**
 * The corruptions of an image that follow from nothing else: a write to such an image may go over data or tables. Rejects
 * with CANCELLED by the signal.
 */
export async function targetDamage({ info, image }: OpenLayer, signal?: AbortSignal): Promise<Finding[]> {
  if (image === undefined) return [];
  const work = checkImage(image, { layer: info.index });
  const { findings } = await runInSlices(work, () => signal?.aborted === true);
  return findings.filter(({ severity, causedBy }) => severity === 'corruption' && causedBy === undefined);
}
