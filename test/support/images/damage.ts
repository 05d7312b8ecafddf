/** Images of every kind from a seed, and damage at random places of their metadata. */
import { ftruncateSync, readSync } from 'node:fs';
import { entryOffset } from '../../../electron/qcow2/format/entry.ts';
import { openQcow2 } from '../../../electron/qcow2/read/image.ts';
import type { BuiltImage } from '../qcow2-reading.ts';
import { pokeU32, pokeU64 } from './qcow2-builder.ts';
import { writeAt } from './qcow2-builder-parts.ts';
import type { ClusterSpec, ImageSpec } from './qcow2-spec.ts';

/** Choices from a seed: mulberry32. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.imul(seed + 1, 0x9e3779b1);
  }

  /** A whole number from 0 up to, not including, `below`. */
  below(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  }

  /** One of the items. */
  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }
}

/** What a clean image of any kind holds. */
export function randomSpec(chance: Chance): ImageSpec {
  const version = chance.once(4) ? 2 : 3;
  const extendedL2 = version === 3 && chance.once(3);
  const clusterBits = extendedL2 ? chance.of([14, 16]) : chance.of([9, 10, 12, 16]);
  const clusterSize = 2 ** clusterBits;
  const clusters = chance.of([20, 70, 200]);
  const size = clusters * clusterSize + 512 * chance.below(4);
  const hasSnapshots = chance.once(3);
  return {
    version,
    clusterBits,
    extendedL2,
    size,
    // Compressed clusters share host clusters, up to 8 of them here: small refcounts cannot count that.
    ...(version === 3 && !hasSnapshots
      ? { refcountBits: chance.of(clusterBits < 12 ? [1, 2, 4, 8, 16, 32, 64] : [8, 16, 32, 64]) }
      : {}),
    ...(version === 3 && chance.once(4) ? { compatible: 1n } : {}),
    clusters: randomClusters(chance, clusters, clusterSize, version, extendedL2),
    ...(hasSnapshots
      ? {
          snapshots: [
            { id: '1', name: 'one' },
            {
              id: '2',
              name: 'two',
              clusters: randomClusters(chance, clusters, clusterSize, version, extendedL2),
            },
          ].slice(0, 1 + chance.below(2)),
        }
      : {}),
    ...(version === 3 && chance.once(3)
      ? {
          bitmaps: [
            { name: 'b0', dirty: [[0, size >> 1]] as const },
            { name: 'b1', granularity: 512, enabled: false, dirty: [[0, 1024]] as const },
          ].slice(0, 1 + chance.below(2)),
        }
      : {}),
  };
}

function randomClusters(
  chance: Chance,
  count: number,
  clusterSize: number,
  version: number,
  extendedL2: boolean,
): ClusterSpec[] {
  const clusters: ClusterSpec[] = [];
  const mayCompress = clusterSize >= 4096;
  for (let index = 0; index < count; index++) {
    const kind = chance.below(8);
    if (kind < 3) clusters.push({ index, kind: 'data' });
    else if (kind === 3 && version === 3) clusters.push({ index, kind: 'zeroHole' });
    else if (kind === 4 && version === 3) clusters.push({ index, kind: 'zeroAllocated' });
    else if (kind === 5 && mayCompress)
      clusters.push({ index, kind: 'compressed', content: new Uint8Array(clusterSize).fill(index) });
    else if (kind === 6 && extendedL2)
      clusters.push({ index, kind: 'subclusters', alloc: 0x0000_ff0f, zero: 0x00ff_0000 });
  }
  return clusters;
}

/** Damages an image in 1 to 4 places; returns what was done, for a failing test to show. */
export function damage(image: BuiltImage, chance: Chance): string[] {
  const done: string[] = [];
  for (let i = 1 + chance.below(4); i > 0; i--) done.push(damageOnce(image, chance));
  return done;
}

function damageOnce(image: BuiltImage, chance: Chance): string {
  const { source, l1Offset, l2Offsets, clusterSize, fileSize } = image;
  const { fd } = source;
  const { header, geometry } = openQcow2(source);
  const tables = [...l2Offsets.values()];
  const table = tables.length === 0 ? l1Offset : chance.of(tables);
  const entry = table + chance.below(geometry.l2Entries) * geometry.entrySize;
  const cluster = chance.below(Math.ceil(fileSize / clusterSize));
  const inFile = BigInt(cluster * clusterSize);
  const copied = chance.once(2) ? 1n << 63n : 0n;
  switch (chance.below(18)) {
    case 0:
      pokeU64(fd, entry, inFile | copied);
      return `L2 entry at ${entry} names cluster ${cluster}`;
    case 1:
      pokeU64(fd, entry, (inFile + 512n) | copied);
      return `L2 entry at ${entry} is unaligned`;
    case 2:
      pokeU64(fd, entry, (1n << BigInt(36 + chance.below(19))) | copied);
      return `L2 entry at ${entry} leads past the end`;
    case 3:
      return flipBit(fd, entry + chance.below(8), chance);
    case 4:
      pokeU64(fd, entry, 0n);
      return `L2 entry at ${entry} is cleared`;
    case 5: {
      const offset = l1Offset + 8 * chance.below(Math.max(1, header.l1Size));
      pokeU64(fd, offset, chance.of([0n, inFile | copied, 1n << 40n, (1n << 63n) | (1n << 60n) | inFile]));
      return `L1 entry at ${offset} is changed`;
    }
    case 6:
      return flipBit(fd, l1Offset + chance.below(8 * Math.max(1, header.l1Size)), chance);
    case 7:
    case 8: {
      const block = image.refcountBlockOffsets[0] as number;
      return flipBit(
        fd,
        block + chance.below(Math.ceil((fileSize / clusterSize) * header.refcountBits) / 8),
        chance,
      );
    }
    case 9: {
      const value = chance.of([0n, 1n << 40n, BigInt(image.refcountTableOffset + 512), 1n, inFile]);
      pokeU64(fd, image.refcountTableOffset + 8 * chance.below(2), value);
      return `a refcount table entry is ${value}`;
    }
    case 10: {
      const cut = Math.max(clusterSize, fileSize - chance.below(fileSize >> 1));
      ftruncateSync(fd, cut);
      return `the file is cut to ${cut}`;
    }
    case 11:
      return damageSnapshots(image, chance);
    case 15: {
      const field = chance.of([24, 36, 40, 48, 56, 60, 64, 80, 88, 96]);
      return flipBit(fd, field + chance.below(4), chance);
    }
    case 16:
      return flipBit(fd, header.headerLength + chance.below(32), chance);
    case 12:
      if (image.bitmapTableOffsets.length === 0) return 'nothing';
      return flipBit(fd, (image.bitmapTableOffsets[0] as number) + chance.below(8), chance);
    case 13: {
      // Copies one entry over another: two guest clusters share a host cluster.
      const other = table + chance.below(geometry.l2Entries) * geometry.entrySize;
      const bytes = new Uint8Array(8);
      readSync(fd, bytes, 0, 8, other);
      writeAt(fd, bytes, entry);
      return `L2 entry at ${entry} is that at ${other}`;
    }
    case 14: {
      const bytes = Uint8Array.from({ length: geometry.entrySize * 4 }, () => chance.below(256));
      writeAt(fd, bytes, entry);
      return `garbage at ${entry}`;
    }
    default: {
      const bytes = new Uint8Array(8);
      readSync(fd, bytes, 0, 8, entry);
      const view = new DataView(bytes.buffer);
      const host = entryOffset(view.getUint32(0), view.getUint32(4));
      pokeU32(fd, entry, (view.getUint32(0) ^ 0x8000_0000) >>> 0);
      return `the copied flag of the entry at ${entry} (host ${host}) is turned`;
    }
  }
}

function damageSnapshots({ source: { fd }, snapshotTableOffset }: BuiltImage, chance: Chance): string {
  if (snapshotTableOffset === 0) return 'nothing';
  switch (chance.below(4)) {
    case 0:
      pokeU32(fd, 60, chance.below(2));
      return 'the snapshot count is changed';
    case 1:
      return flipBit(fd, snapshotTableOffset + chance.below(8), chance);
    case 2:
      return flipBit(fd, snapshotTableOffset + 8 + chance.below(4), chance);
    default:
      return flipBit(fd, snapshotTableOffset + 36 + chance.below(4), chance);
  }
}

function flipBit(fd: number, offset: number, chance: Chance): string {
  const byte = new Uint8Array(1);
  readSync(fd, byte, 0, 1, offset);
  byte[0] = (byte[0] as number) ^ (1 << chance.below(8));
  writeAt(fd, byte, offset);
  return `a bit at ${offset} is turned`;
}
