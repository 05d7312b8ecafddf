/** Which blocks of an ext file system are in use, by the bitmaps of its groups. */
import { RangeSet } from '../../../shared/range-set.ts';
import { type ExtGroup, type ExtSuper, extBitmapSum } from './ext-super.ts';
import type { ReadVolume } from './landmark.ts';

/** Bitmaps that are kept. */
const MAX_KEPT = 64;

/**
 * Tells which bytes are in use. Not known are tables of inodes, the journal and the descriptors behind a super block: they
 * are in use, and most of them may never have been written.
 */
export class ExtAllocation {
  readonly #file: ExtSuper;
  readonly #groups: ReadonlyMap<number, ExtGroup>;
  readonly #read: ReadVolume;
  readonly #unknown = new RangeSet();
  readonly #bitmaps = new Map<number, Uint8Array | undefined>();

  constructor(file: ExtSuper, groups: readonly ExtGroup[], read: ReadVolume) {
    this.#file = file;
    this.#groups = new Map(groups.map(group => [group.group, group]));
    this.#read = read;
    const { blockBytes, firstBlock, blocksPerGroup, copiedBlocks, hasCopy, journal } = file;
    const copies = groups.flatMap(({ group }): [number, number][] => {
      const start = (firstBlock + group * blocksPerGroup) * blockBytes;
      return group === 0 || hasCopy(group) ? [[start, start + copiedBlocks * blockBytes]] : [];
    });
    const unknown = [...journal, ...groups.map(({ inodes }) => inodes), ...copies];
    for (const [start, end] of unknown.sort((a, b) => a[0] - b[0])) this.#unknown.add(start, end - start);
  }

  /** As NumberedFileSystem.isUsed. */
  isUsed(offset: number, length: number): boolean | undefined {
    const { blockBytes, firstBlock, blocksPerGroup, blocksPerBit } = this.#file;
    if (this.#unknown.touches(offset, offset + length)) return undefined;
    const unitBytes = blocksPerBit * blockBytes;
    const groupBytes = blocksPerGroup * blockBytes;
    let isKnown = true;
    for (let at = offset - (offset % unitBytes); at < offset + length; at += unitBytes) {
      const from = at - firstBlock * blockBytes;
      const group = Math.floor(from / groupBytes);
      const bitmap = this.#bitmapOf(group);
      const bit = Math.floor((from - group * groupBytes) / unitBytes);
      if (bitmap === undefined) isKnown = false;
      else if ((((bitmap[bit >>> 3] as number) >>> (bit & 7)) & 1) === 1) return true;
    }
    return isKnown ? false : undefined;
  }

  #bitmapOf(group: number): Uint8Array | undefined {
    if (this.#bitmaps.has(group)) return this.#bitmaps.get(group);
    const found = this.#groups.get(group)?.blockBitmap;
    const bytes = found === undefined ? undefined : this.#read(found.at, this.#file.blockBitmapBytes);
    const isWhole = bytes !== undefined && extBitmapSum(this.#file, bytes) === found?.sum;
    if (this.#bitmaps.size === MAX_KEPT) this.#bitmaps.clear();
    this.#bitmaps.set(group, isWhole ? bytes : undefined);
    return isWhole ? bytes : undefined;
  }
}
