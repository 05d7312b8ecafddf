/** Damage as incidents leave it, beside that of `damage.ts` at single places: whole clusters, tables, fields and ends of files. */
import { ftruncateSync, readSync } from 'node:fs';
import { openQcow2 } from '../../../electron/qcow2/read/image.ts';
import type { BuiltImage } from '../qcow2-reading.ts';
import { type Chance, damage } from './damage.ts';
import { pokeU32, pokeU64 } from './qcow2-builder.ts';
import { writeAt } from './qcow2-builder-parts.ts';

/** Damages an image; `others` are images whose bytes it may get. Returns what was done, empty where nothing was. */
export type Incident = (image: BuiltImage, chance: Chance, others: readonly BuiltImage[]) => string;

/** Least and most bytes that a lost range of a disk zeroes, as powers of two. */
const LOST_BITS = [16, 22] as const;

const bytesOf = ({ source: { fd } }: BuiltImage, at: number, length: number): Uint8Array => {
  const bytes = new Uint8Array(length);
  readSync(fd, bytes, 0, length, at);
  return bytes;
};

const tablesOf = (image: BuiltImage): number[] => [
  image.l1Offset,
  ...image.l2Offsets.values(),
  image.refcountTableOffset,
  ...image.refcountBlockOffsets,
  ...image.snapshotL1Offsets,
  ...[image.snapshotTableOffset, image.bitmapDirectoryOffset].filter(offset => offset > 0),
];

function zero(image: BuiltImage, at: number, length: number): string {
  const end = Math.min(at + length, image.fileSize);
  writeAt(image.source.fd, new Uint8Array(end - at), at);
  return `zeros in [${at}, ${end})`;
}

/** By name. */
export const INCIDENTS: Readonly<Record<string, Incident>> = {
  'lost range': (image, chance) => {
    const [least, most] = LOST_BITS;
    const at = 4096 * chance.below(Math.ceil(image.fileSize / 4096));
    return zero(image, at, 2 ** (least + chance.below(most - least + 1)));
  },
  'zeroed table': (image, chance) => zero(image, chance.of(tablesOf(image)), image.clusterSize),
  'swapped clusters': (image, chance) => {
    const { clusterSize, fileSize, source } = image;
    const [one, other] = [0, 1].map(() => clusterSize * chance.below(fileSize / clusterSize)) as [
      number,
      number,
    ];
    const bytes = bytesOf(image, one, clusterSize);
    writeAt(source.fd, bytesOf(image, other, clusterSize), one);
    writeAt(source.fd, bytes, other);
    return `clusters at ${one} and ${other} swapped`;
  },
  'table over another': (image, chance) => {
    const [from, to] = [chance.of(tablesOf(image)), chance.of(tablesOf(image))];
    writeAt(image.source.fd, bytesOf(image, from, image.clusterSize), to);
    return `the table at ${from} over that at ${to}`;
  },
  'tables of a second image': (image, chance, others) => {
    const at = image.clusterSize * chance.below(4);
    const length = Math.min(image.clusterSize * (1 + chance.below(4)), image.fileSize - at);
    writeAt(image.source.fd, bytesOf(chance.of(others), at, length), at);
    return `bytes [${at}, ${at + length}) of another image`;
  },
  "another image's L2 table": (image, chance, others) => {
    const from = chance.of(others.filter(other => other.clusterSize === image.clusterSize));
    const tables = [...image.l2Offsets.values()];
    const sources = [...(from?.l2Offsets.values() ?? [])];
    if (from === undefined || tables.length === 0 || sources.length === 0) return '';
    const at = chance.of(tables);
    writeAt(image.source.fd, bytesOf(from, chance.of(sources), image.clusterSize), at);
    return `an L2 table of another image at ${at}`;
  },
  "a snapshot's L1 table over another": (image, chance) => {
    const tables = [image.l1Offset, ...image.snapshotL1Offsets];
    if (tables.length < 2) return '';
    const from = chance.of(image.snapshotL1Offsets);
    const to = chance.of(tables.filter(offset => offset !== from));
    const entries = openQcow2(image.source).header.l1Size;
    writeAt(image.source.fd, bytesOf(image, from, 8 * entries), to);
    return `the L1 table at ${from} over that at ${to}`;
  },
  'the refcount table named elsewhere': (image, chance) => {
    const at = chance.of([image.l1Offset, ...image.l2Offsets.values(), ...image.snapshotL1Offsets]);
    pokeU64(image.source.fd, 48, BigInt(at));
    return `the refcount table is named at ${at}`;
  },
  'cut in a table': (image, chance) => {
    const at = chance.of(tablesOf(image)) + 8 + chance.below(image.clusterSize - 16);
    ftruncateSync(image.source.fd, Math.max(at, 512));
    return `the file is cut to ${at}`;
  },
  'bit of an extension': (image, chance) => {
    const { entries } = openQcow2(image.source).extensions;
    if (entries.length === 0) return '';
    const { offset, length } = chance.of(entries);
    const at = offset - 8 + chance.below(8 + length);
    const [byte = 0] = bytesOf(image, at, 1);
    writeAt(image.source.fd, Uint8Array.of(byte ^ (1 << chance.below(8))), at);
    return `a bit at ${at} is turned`;
  },
  "a snapshot's L1 table as the disk's": (image, chance) => {
    if (image.snapshotL1Offsets.length === 0) return '';
    pokeU64(image.source.fd, 40, BigInt(chance.of([...image.snapshotL1Offsets])));
    return 'the L1 table of a snapshot is named';
  },
  'field of the header': (image, chance) => {
    const field = chance.of([36, 40, 48, 56, 60, 64]);
    const value = chance.of([0, image.fileSize, image.fileSize - image.clusterSize, ...tablesOf(image)]);
    if ([36, 56, 60].includes(field)) pokeU32(image.source.fd, field, value);
    else pokeU64(image.source.fd, field, BigInt(value));
    return `the field at ${field} is ${value}`;
  },
  'text over a table': (image, chance) => {
    const at = chance.of(tablesOf(image));
    writeAt(image.source.fd, Buffer.alloc(image.clusterSize, 'a line of text in a log '), at);
    return `text at ${at}`;
  },
  'noise over a table': (image, chance) => {
    const at = chance.of(tablesOf(image));
    writeAt(
      image.source.fd,
      Uint8Array.from({ length: image.clusterSize }, () => chance.below(256)),
      at,
    );
    return `noise at ${at}`;
  },
  'several at once': (image, chance) =>
    [...damage(image, chance), zero(image, chance.of(tablesOf(image)), 4096)].join(', '),
};
