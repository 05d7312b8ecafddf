/** Mutations of images: fields set to numbers that programs stumble over, files cut, grown and with clusters swapped. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import type { ImageSpec } from '../support/images/qcow2-builder.ts';
import { buildImage } from '../support/qcow2-reading.ts';

/** An image to be mutated, with the places of its header and tables. */
export interface SeedImage {
  readonly bytes: Buffer;
  readonly clusterSize: number;
  readonly places: readonly number[];
}

/** An image of this kind, built once. */
export function seedImage(spec: ImageSpec): SeedImage {
  const { path, ...layout } = buildImage(spec);
  const places = [
    0,
    layout.l1Offset,
    ...layout.l2Offsets.values(),
    ...layout.snapshotL1Offsets,
    layout.snapshotTableOffset,
    layout.bitmapDirectoryOffset,
    ...layout.bitmapTableOffsets,
    layout.refcountTableOffset,
    ...layout.refcountBlockOffsets,
  ];
  return { bytes: readFileSync(path), clusterSize: layout.clusterSize, places: [...new Set(places)] };
}

/** One change of an image. */
export type Mutation =
  /** A number of 1, 2, 4 or 8 bytes, `at` bytes behind one of the image's places. */
  | {
      readonly kind: 'set';
      readonly place: number;
      readonly at: number;
      readonly bytes: number;
      readonly value: bigint;
    }
  /** The same entry over and over, as a program that overwrites a table leaves it. */
  | { readonly kind: 'fill'; readonly place: number; readonly count: number; readonly value: bigint }
  | { readonly kind: 'copyCluster'; readonly from: number; readonly to: number }
  | { readonly kind: 'length'; readonly share: number }
  | { readonly kind: 'grow'; readonly length: number };

const NUMBERS = [
  0n,
  1n,
  0x1ffn,
  0x200n,
  0xffffn,
  0x1_0000n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  0x0001_0001_0001_0001n,
  2n ** 40n,
  2n ** 53n - 512n,
  2n ** 53n,
  2n ** 62n + 512n,
  2n ** 63n,
  2n ** 63n + 0x1_0000n,
  2n ** 64n - 1n,
];

const value = fc.oneof(fc.constantFrom(...NUMBERS), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));

/** Any mutation. Places and clusters are taken modulo how many there are. */
export const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('set' as const),
      place: fc.nat(),
      at: fc.nat(128),
      bytes: fc.constantFrom(1, 2, 4, 8),
      value,
    }),
  },
  fc.record({ kind: fc.constant('fill' as const), place: fc.nat(), count: fc.nat(600), value }),
  fc.record({ kind: fc.constant('copyCluster' as const), from: fc.nat(), to: fc.nat() }),
  fc.record({ kind: fc.constant('length' as const), share: fc.nat(1000) }),
  fc.record({ kind: fc.constant('grow' as const), length: fc.constantFrom(2 ** 31, 2 ** 36, 2 ** 40) }),
);

/** A mutated image: its bytes, and the length that its file is to have, with a hole behind the bytes where it is longer. */
export interface MutatedImage {
  readonly bytes: Buffer;
  readonly length: number;
}

/** An image with these mutations, one after the other. */
export function mutate(
  { bytes, clusterSize, places }: SeedImage,
  mutations: readonly Mutation[],
): MutatedImage {
  const copy = Buffer.from(bytes);
  const clusters = Math.ceil(copy.length / clusterSize);
  const placeOf = (index: number) => places[index % places.length] as number;
  let length = copy.length;
  const put = (at: number, count: number, number: bigint) => {
    const field = Buffer.alloc(8);
    field.writeBigUInt64BE(number);
    field.copy(copy, at, 8 - count); // what does not fit is left out
  };
  for (const step of mutations) {
    if (step.kind === 'set')
      put(placeOf(step.place) + (step.at - (step.at % step.bytes)), step.bytes, step.value);
    else if (step.kind === 'fill')
      for (let i = 0; i < step.count; i++) put(placeOf(step.place) + 8 * i, 8, step.value);
    else if (step.kind === 'copyCluster') {
      const from = (step.from % clusters) * clusterSize;
      copy.copy(copy, (step.to % clusters) * clusterSize, from, from + clusterSize);
    } else length = step.kind === 'length' ? Math.floor((copy.length * step.share) / 1000) : step.length;
  }
  return { bytes: copy.subarray(0, Math.min(copy.length, length)), length };
}
