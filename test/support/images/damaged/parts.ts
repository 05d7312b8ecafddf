/** What images with damage are made of: small images of the builder, and bytes of their tables that are overwritten. */
import { type BuiltImage, buildImage } from '../../qcow2-reading.ts';
import { pokeU64 } from '../qcow2-builder.ts';
import { writeAt } from '../qcow2-builder-parts.ts';
import type { ImageSpec } from '../qcow2-spec.ts';

/** Bytes of a cluster. */
export const K64 = 65_536;
/** Flags of an L1 or L2 entry. */
export const COPIED = 1n << 63n;
export const COMPRESSED = 1n << 62n;

/** An image to check, and what must be found: the codes in the order of their names. */
export interface DamagedImage {
  readonly id: string;
  readonly title: string;
  /** Makes the image; returns the path of the file to check. */
  readonly make: () => string;
  readonly codes: readonly string[];
  readonly verdict: 'corrupt' | 'incomplete' | 'leaks' | 'clean';
  /** True where only a deep check finds it. */
  readonly deep?: boolean;
}

/** Two clusters of data at guest 0 and 64 KiB, beside what `more` says. */
export function small(more: Partial<ImageSpec> = {}): BuiltImage {
  return buildImage({ size: 2 ** 20, clusters: [0, 1].map(index => ({ index, kind: 'data' })), ...more });
}

/** The file offset of the first L2 table. */
export const l2Of = (image: BuiltImage): number => image.l2Offsets.get(0) as number;

/** Writes the L2 table of another image, which names 24 clusters in a row, over what lies at `offset`. */
export function writeForeignTable(image: BuiltImage, offset: number): void {
  const other = small({ size: 2 ** 21, clusters: clustersFrom(0, 24) });
  const bytes = new Uint8Array(K64);
  other.source.readAt(bytes, l2Of(other));
  writeAt(image.source.fd, bytes, offset);
}

/** The file offset of the first refcount block. */
export const blockOf = (image: BuiltImage): number => image.refcountBlockOffsets[0] as number;
/** The file offset of a data cluster of {@link small}, by its number on the disk. */
export const hostOf = (image: BuiltImage, index: number): number =>
  l2Of(image) + (index + 1) * image.clusterSize;

/** Sets the refcount (16 bits) of the cluster at a file offset. */
export function setRefcount(image: BuiltImage, offset: number, count: number): void {
  const bytes = new Uint8Array([count >> 8, count & 255]);
  writeAt(image.source.fd, bytes, blockOf(image) + (offset / image.clusterSize) * 2);
}

/** Writes an entry of the first L2 table. */
export function setL2(image: BuiltImage, index: number, entry: bigint): void {
  pokeU64(image.source.fd, l2Of(image) + index * 8, entry);
}

/** Writes the first entry of the L1 table. */
export function setL1(image: BuiltImage, entry: bigint): void {
  pokeU64(image.source.fd, image.l1Offset, entry);
}

/** A fixture of one image that `damage` changes. */
export function damaged(
  id: string,
  title: string,
  codes: readonly string[],
  damage: (image: BuiltImage) => void,
  spec: Partial<ImageSpec> = {},
  verdict: DamagedImage['verdict'] = 'corrupt',
  deep = false,
): DamagedImage {
  const make = () => {
    const image = small(spec);
    damage(image);
    return image.path;
  };
  return { id, title, make, codes, verdict, deep };
}

/** An overlay of the image `base`. */
export function over(base: string, more: Partial<ImageSpec> = {}): string {
  return small({ backingFile: base, backingFormat: 'qcow2', ...more }).path;
}

export const ONE_SNAPSHOT = {
  snapshots: [{ id: '1', name: 'one', clusters: [{ index: 5, kind: 'data' as const }] }],
};
export const ONE_BITMAP = { bitmaps: [{ name: 'b', dirty: [[0, 2 ** 19] as const] }] };

/** So many clusters of data from `index` on. */
export const clustersFrom = (index: number, count: number) =>
  Array.from({ length: count }, (_, i) => ({ index: index + i, kind: 'data' as const }));

/** Data in the ranges of two L2 tables. */
export const TWO_TABLES = {
  size: 2 ** 30,
  clusters: [0, 8192].map(index => ({ index, kind: 'data' as const })),
};

/** A cluster of compressed data at index 0. */
export const STREAM = {
  clusters: [{ index: 0, kind: 'compressed' as const, content: new Uint8Array(K64).fill(7) }],
};
