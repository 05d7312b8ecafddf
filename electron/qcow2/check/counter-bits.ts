/**
 * The counter of one cluster, in 16 bits.
 *
 * Its uses are in the upper six bits (those of CLUSTER_USE and the two below), its stored refcount in bits 4 to 7, its
 * references in bits 0 to 3. Numbers that do not fit are kept beside.
 */
import { CLUSTER_USE } from '../layout/cluster-uses.ts';

/** A compressed stream lies in the cluster. */
export const STREAM = 0x0400;
/** Two tables, two bitmaps, or two clusters of the active disk are in the cluster. */
export const DOUBLE = 0x0800;
export const REFERENCES = 0x000f;
/** As many references, or more: the wide counts have them. */
export const MANY_REFERENCES = 15;
export const STORED_SHIFT = 4;
export const STORED = 0x00f0;
/** A stored refcount of 1. */
export const STORED_ONCE = 1 << STORED_SHIFT;
/** Stored refcounts from here on are none. */
export const STORED_UNREADABLE = 14;
export const STORED_WIDE = 15;
/** Uses of which a second one in the same cluster is wrong. */
export const EXCLUSIVE = CLUSTER_USE.table | CLUSTER_USE.bitmap | CLUSTER_USE.data;

/** True if more than one kind of thing is in the cluster, or two that exclude each other. */
export function isShared(counter: number): boolean {
  const isData = (counter & (CLUSTER_USE.data | CLUSTER_USE.snapshotData)) !== 0;
  const kinds =
    (counter & (CLUSTER_USE.table | CLUSTER_USE.bitmap | STREAM)) | (isData ? CLUSTER_USE.data : 0);
  return (counter & DOUBLE) !== 0 || (kinds & (kinds - 1)) !== 0;
}

/** True if `times` more references as `use` change nothing in a cluster but its count and its uses. */
export function takesPlainly(counter: number, times: number, use: number): boolean {
  return (
    (counter & REFERENCES) + times < MANY_REFERENCES &&
    (counter & use & EXCLUSIVE) === 0 &&
    (counter & STORED) !== STORED_UNREADABLE << STORED_SHIFT
  );
}

/** True if a cluster has as many references as its refcount says, and uses that go together. */
export function isConsistent(counter: number): boolean {
  const stored = (counter & STORED) >>> STORED_SHIFT;
  return (counter & REFERENCES) === stored && stored < STORED_UNREADABLE && !isShared(counter);
}
