/** Bounds on numbers found in an image: qemu's own (block/qcow2.h), so that nothing qemu opens is refused here. */

/** Bytes of an L1 table. */
export const MAX_L1_BYTES = 2 ** 25;
/** Bytes of the refcount table. */
export const MAX_REFCOUNT_TABLE_BYTES = 2 ** 23;
/** Bytes of the snapshot table, and entries in it. */
export const MAX_SNAPSHOT_TABLE_BYTES = 2 ** 26;
export const MAX_SNAPSHOTS = 65_536;
/** Bytes of unknown extra data in a snapshot table entry. */
export const MAX_SNAPSHOT_EXTRA_BYTES = 1024;
/** Bitmaps in an image, and bytes of their directory. */
export const MAX_BITMAPS = 65_535;
export const MAX_BITMAP_DIRECTORY_BYTES = 1024 * 65_535;
/** Bytes of the stored bits of one bitmap. */
export const MAX_BITMAP_BYTES = 2 ** 29;
/** Bytes of a bitmap's name. */
export const MAX_BITMAP_NAME_BYTES = 1023;
/** Bytes of a backing file's name. */
export const MAX_BACKING_NAME_BYTES = 1023;
/** Smallest and largest cluster_bits of version 2 and 3. */
export const MIN_CLUSTER_BITS = 9;
export const MAX_CLUSTER_BITS = 21;
