/** Which blocks of an XFS are in use: all that are not in the tree of free space of their allocation group. */
import { RangeSet } from '../../../shared/range-set.ts';
import { hasText } from '../little-endian.ts';
import { type ReadVolume, viewAt } from './landmark.ts';

/** What is needed of the super block. */
export interface XfsShape {
  readonly blockBytes: number;
  readonly blocks: number;
  readonly groupBlocks: number;
  readonly sectorBytes: number;
  readonly isVersion5: boolean;
  /** Bytes [start, start + length) of the log, which is in use and written in part. */
  readonly log: readonly [start: number, length: number];
}

/** In the header of free space: its root by block number, and the height of the tree. */
const ROOT_AT = 16;
const LEVELS_AT = 28;
const MAX_LEVELS = 9;
/** Bytes of the header of a tree block, of a record or key, and of a pointer. */
const HEADER_BYTES = { 4: 16, 5: 56 } as const;
const RECORD_BYTES = 8;
const POINTER_BYTES = 4;
/** Bytes of all trees that are read: eight million ranges of free space. */
const MAX_TREE_BYTES = 2 ** 26;
/** Groups whose free space is kept. */
const MAX_KEPT = 64;

/** Tells which bytes are in use. */
export class XfsAllocation {
  readonly #file: XfsShape;
  readonly #read: ReadVolume;
  readonly #free = new Map<number, RangeSet | undefined>();
  #bytesLeft = MAX_TREE_BYTES;

  constructor(file: XfsShape, read: ReadVolume) {
    this.#file = file;
    this.#read = read;
  }

  /** As NumberedFileSystem.isUsed. */
  isUsed(offset: number, length: number): boolean | undefined {
    const { blockBytes, groupBlocks, log } = this.#file;
    if (offset < log[0] + log[1] && offset + length > log[0]) return undefined;
    const groupBytes = groupBlocks * blockBytes;
    let isKnown = true;
    for (let at = offset; at < offset + length; ) {
      const group = Math.floor(at / groupBytes);
      const end = Math.min(offset + length, (group + 1) * groupBytes);
      const free = this.#freeOf(group);
      const [first, last] = [at - group * groupBytes, end - group * groupBytes];
      if (free === undefined) isKnown = false;
      else if (!free.covers(Math.floor(first / blockBytes), Math.ceil(last / blockBytes))) return true;
      at = end;
    }
    return isKnown ? false : undefined;
  }

  /** The free blocks of a group; undefined where not all of its tree can be read. */
  #freeOf(group: number): RangeSet | undefined {
    if (this.#free.has(group)) return this.#free.get(group);
    const free = this.#readFree(group);
    if (this.#free.size === MAX_KEPT) this.#free.clear();
    this.#free.set(group, free);
    return free;
  }

  #readFree(group: number): RangeSet | undefined {
    const { sectorBytes, groupBlocks, blockBytes, isVersion5 } = this.#file;
    const start = group * groupBlocks * blockBytes;
    const header = viewAt(this.#read, start + sectorBytes, sectorBytes);
    if (header === undefined || header.getUint32(0) !== 0x58414746 || header.getUint32(8) !== group)
      return undefined;
    const headerBytes = HEADER_BYTES[isVersion5 ? 5 : 4];
    const magic = isVersion5 ? 'AB3B' : 'ABTB';
    const most = Math.floor((blockBytes - headerBytes) / (RECORD_BYTES + POINTER_BYTES));
    const free = new RangeSet();
    const open = [{ block: header.getUint32(ROOT_AT), level: header.getUint32(LEVELS_AT) - 1 }];
    let end = 0;
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const isPossible = next.level >= 0 && next.level < MAX_LEVELS && next.block < groupBlocks;
      if (!isPossible || this.#bytesLeft < blockBytes) return undefined;
      this.#bytesLeft -= blockBytes;
      const bytes = this.#read(start + next.block * blockBytes, blockBytes);
      if (bytes === undefined || !hasText(bytes, 0, magic)) return undefined;
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const count = view.getUint16(6);
      if (view.getUint16(4) !== next.level || headerBytes + count * RECORD_BYTES > blockBytes)
        return undefined;
      if (next.level > 0) {
        // The last one first: the tree is walked in order from a stack.
        const pointers = headerBytes + most * RECORD_BYTES;
        for (let i = Math.min(count, most) - 1; i >= 0; i--)
          open.push({ block: view.getUint32(pointers + i * POINTER_BYTES), level: next.level - 1 });
        continue;
      }
      for (let i = 0; i < count; i++) {
        const record = headerBytes + i * RECORD_BYTES;
        const [first, blocks] = [view.getUint32(record), view.getUint32(record + 4)];
        if (first < end) return undefined; // not in order: no such tree
        free.add(first, blocks);
        end = first + blocks;
      }
    }
    return free;
  }
}
