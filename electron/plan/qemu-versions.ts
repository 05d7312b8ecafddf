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

/**
 * Whether a rebase compares and writes whole units of the target: since 8.2. Older ones do it sector by sector.
 * Source: qemu's "qemu-img: rebase: avoid unnecessary COW operations".
 */
export function rebaseAlignsWrites(qemu: PlannedQemu): boolean {
  return isSince(qemu, [8, 2]);
}

/**
 * Whether a rebase keeps to its buffer of 2 MiB where it extends a range to whole units: since 10.0.7, 10.1.3 and 10.2.
 * From 8.2 to that it aborts. Source: qemu's "qemu-img rebase: don't exceed IO_BUF_SIZE in one operation".
 */
export function rebaseKeepsToBuffer(qemu: PlannedQemu): boolean {
  return commitKeepsZeros(qemu); // the same releases
}

/**
 * Whether a rebase onto a layer of the chain ends where the target is larger than its old backing file: since 8.2, and in
 * the stable series since 7.2.7 and 8.1.3. Source: qemu's "qemu-img: rebase: stop when reaching EOF of old backing file".
 */
export function rebasePassesOldEnd(qemu: PlannedQemu): boolean {
  if (qemu.major === 7 && qemu.minor === 2) return isSince(qemu, [7, 2, 7]);
  return isSince(qemu, [8, 1, 3]);
}

/** Bytes of extra data that qemu writes to each entry of a snapshot table: since 5.2 with a count of instructions. */
export function snapshotExtraBytes(qemu: PlannedQemu): number {
  return isSince(qemu, [5, 2]) ? 24 : 16;
}

/** A version as qemu writes it. */
export function versionText({ major, minor, patch }: PlannedQemu): string {
  return patch === undefined ? `${major}.${minor}` : `${major}.${minor}.${patch}`;
}
