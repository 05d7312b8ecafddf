/** What versions of qemu do differently in the jobs that are planned. */
import type { PlannedQemu } from '../../shared/model/plan/plan.ts';

/** True for `version` and later ones. A version without a patch stands for the last of its series. */
function isSince(
  { major, minor, patch = Number.POSITIVE_INFINITY }: PlannedQemu,
  since: readonly number[],
): boolean {
  const [sinceMajor = 0, sinceMinor = 0, sincePatch = 0] = since;
  if (major !== sinceMajor) return major > sinceMajor;
  if (minor !== sinceMinor) return minor > sinceMinor;
  return patch >= sincePatch;
}

/**
 * Whether a commit of lower layers stores zeros as zeros: since 10.2, and in the stable series from 10.0.7 and 10.1.3 on.
 * Older ones write them as data. Source: qemu's "block: allow commit to unmap zero blocks".
 */
export function commitKeepsZeros(qemu: PlannedQemu): boolean {
  if (qemu.major === 10 && qemu.minor === 0) return isSince(qemu, [10, 0, 7]);
  return isSince(qemu, [10, 1, 3]);
}

/**
 * Whether a mirror job stores zeros of whole subclusters as zeros: since 8.1. Older ones do it for whole clusters alone.
 * Source: qemu's "block/io: align requests to subcluster_size".
 */
export function mirrorZeroesSubclusters(qemu: PlannedQemu): boolean {
  return isSince(qemu, [8, 1]);
}

/** A version as qemu writes it. */
export function versionText({ major, minor, patch }: PlannedQemu): string {
  return patch === undefined ? `${major}.${minor}` : `${major}.${minor}.${patch}`;
}
