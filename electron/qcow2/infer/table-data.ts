/** What a guest has in the range that an L2 table describes, wherever on the disk that range lies. */
import { dataViewOf } from '../../../shared/bytes.ts';
import { CowscopeError } from '../../../shared/error.ts';
import { ENTRY_COMPRESSED_HI, entryOffset } from '../format/entry.ts';
import { hasExtendedL2 } from '../format/header.ts';
import type { Qcow2Image } from '../read/image.ts';
import { readFully } from '../read/source.ts';

/** Bytes of a table that are read at once; clusters of 512 bytes are smaller. */
const PIECE_BYTES = 4096;

/** Reads the data that one L2 table leads to. */
export class TableData {
  readonly #image: Qcow2Image;
  readonly #cluster: number;
  readonly #isExtended: boolean;
  /** Pieces of the table that were read. */
  readonly #pieces = new Map<number, DataView>();

  /** Of the table in that cluster. */
  constructor(image: Qcow2Image, cluster: number) {
    this.#image = image;
    this.#cluster = cluster;
    this.#isExtended = hasExtendedL2(image.header);
  }

  /** Entries that lead to data in the file, in ascending order. Throws QCOW2_READ_FAILED. */
  get used(): number[] {
    const used: number[] = [];
    for (let entry = 0; entry < this.#image.geometry.l2Entries; entry++)
      if (this.#hostOf(entry) > 0) used.push(entry);
    return used;
  }

  /** True if the cluster of an entry was written; undefined where it may have been before it was made zeros. */
  isWritten(entry: number): boolean | undefined {
    const [hi, lo] = [this.#word(entry, 0), this.#word(entry, 1)];
    if ((hi & ENTRY_COMPRESSED_HI) !== 0) return true;
    const isZero = this.#isExtended ? this.#word(entry, 2) !== 0 : (lo & 1) === 1;
    const isAllocated = entryOffset(hi, lo) !== 0 && (!this.#isExtended || this.#word(entry, 3) !== 0);
    return isAllocated && !(isZero && !this.#isExtended) ? true : isZero ? undefined : false;
  }

  /**
   * Bytes [offset, offset + length) of the range; undefined where one of them is compressed, lost, may lie in a backing
   * file, or cannot be read. Throws QCOW2_READ_FAILED where the table cannot be read.
   */
  read(offset: number, length: number): Uint8Array | undefined {
    const { clusterSize, subclusters, l1Coverage } = this.#image.geometry;
    if (offset < 0 || offset + length > l1Coverage) return undefined;
    const unit = clusterSize / subclusters;
    const bytes = new Uint8Array(length);
    for (let at = offset; at < offset + length; ) {
      const end = Math.min(offset + length, (Math.floor(at / unit) + 1) * unit);
      if (!this.#readUnit(bytes.subarray(at - offset, end - offset), at)) return undefined;
      at = end;
    }
    return bytes;
  }

  /** Reads bytes of one cluster, or of one subcluster. */
  #readUnit(into: Uint8Array, offset: number): boolean {
    const { clusterSize, subclusters } = this.#image.geometry;
    const entry = Math.floor(offset / clusterSize);
    const within = offset - entry * clusterSize;
    const host = this.#hostOf(entry);
    if (host < 0) return false;
    let isAllocated = host > 0;
    let isZero = !this.#isExtended && (this.#word(entry, 1) & 1) === 1;
    if (this.#isExtended) {
      const sub = Math.floor((within * subclusters) / clusterSize);
      isAllocated &&= ((this.#word(entry, 3) >>> sub) & 1) === 1;
      isZero = ((this.#word(entry, 2) >>> sub) & 1) === 1;
    }
    // Without a backing file, what was never written is zeros.
    if (isZero || !isAllocated) return isZero || this.#image.header.backingFileSize === 0;
    return this.#readData(into, host + within);
  }

  /** False where the file ends before, or the system cannot read it: other data may still tell a place. */
  #readData(into: Uint8Array, position: number): boolean {
    try {
      return readFully(this.#image.source, into, position) === into.length;
    } catch (error) {
      if (!(error instanceof CowscopeError)) throw error;
      return false;
    }
  }

  /** Where a cluster's data lies; 0 where it has no place, and -1 where it is compressed or the entry is invalid. */
  #hostOf(entry: number): number {
    const hi = this.#word(entry, 0);
    if ((hi & ENTRY_COMPRESSED_HI) !== 0) return -1;
    const host = entryOffset(hi, this.#word(entry, 1));
    return host % this.#image.geometry.clusterSize === 0 ? host : -1;
  }

  /** One of the words of 32 bits of an entry. */
  #word(entry: number, word: number): number {
    const { source, geometry } = this.#image;
    const at = entry * geometry.entrySize + word * 4;
    const index = Math.floor(at / PIECE_BYTES);
    let piece = this.#pieces.get(index);
    if (piece === undefined) {
      const bytes = new Uint8Array(Math.min(PIECE_BYTES, geometry.clusterSize));
      readFully(source, bytes, this.#cluster * geometry.clusterSize + index * PIECE_BYTES);
      piece = dataViewOf(bytes);
      this.#pieces.set(index, piece);
    }
    return piece.getUint32(at - index * PIECE_BYTES);
  }
}
