/** How long the table of internal snapshots is, and becomes. Source: qemu's block/qcow2-snapshot.c (qcow2_write_snapshots). */

/** Bytes of an entry before its extra data, id and name. */
export const SNAPSHOT_FIXED_BYTES = 40;

/** Where an entry lies in the file and how many bytes it has. */
interface StoredEntry {
  readonly fileOffset: number;
  readonly length: number;
  readonly extraDataSize: number;
}

/** Bytes of the table at `offset` as it is stored. */
export function snapshotTableBytes(entries: readonly StoredEntry[], offset: number): number {
  const last = entries.at(-1);
  return last === undefined ? 0 : last.fileOffset + last.length - offset;
}

/**
 * Bytes of the table that qemu writes without entry number `without`: entries begin at multiples of eight, and each gets
 * `extraBytes` of extra data where it has less.
 */
export function writtenTableBytes(
  entries: readonly StoredEntry[],
  without: number,
  extraBytes: number,
): number {
  let bytes = 0;
  for (const [index, { length, extraDataSize }] of entries.entries())
    if (index !== without) bytes = aligned(bytes) + length + Math.max(0, extraBytes - extraDataSize);
  return bytes;
}

/**
 * For each entry the clusters by which the table at `offset` becomes shorter without it, where the others keep their
 * length: all of it where there is no other.
 */
export function freedTableClusters(
  entries: readonly StoredEntry[],
  offset: number,
  clusterSize: number,
): number[] {
  const clustersOf = (bytes: number) => Math.ceil(bytes / clusterSize);
  const before = clustersOf(snapshotTableBytes(entries, offset));
  const all = entries.reduce((sum, { length }) => sum + aligned(length), 0);
  return entries.map(({ length }, index) => {
    const last = entries[index === entries.length - 1 ? index - 1 : entries.length - 1];
    const unused = last === undefined ? 0 : aligned(last.length) - last.length;
    return Math.max(0, before - clustersOf(all - aligned(length) - unused));
  });
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}
