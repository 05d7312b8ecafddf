/** Looks through the clusters of a file for what can be tables. Every cluster's beginning is read once. */
import { dataViewOf } from '../../../shared/bytes.ts';
import { CowscopeError } from '../../../shared/error.ts';
import { ENTRY_COMPRESSED_HI, entryOffset } from '../format/entry.ts';
import { LimitPassed } from '../layout/read-limit.ts';
import type { SlicedWork } from '../read/sliced-work.ts';
import { type ImageSource, readFully } from '../read/source.ts';
import {
  canBeTable,
  inspectEntries,
  newTableGuess,
  type TableGuess,
  type TableRules,
} from './table-entries.ts';

/** Bytes that are looked at before the rest of a cluster is read. */
const HEAD_BYTES = 4096;
/** Bytes read at once: several small clusters, or what follows the beginning of a large one. */
const READ_AT_ONCE_BYTES = 2 ** 16;
/**
 * Zeros that are read on to the end of their cluster: holes of a file are read like the rest. After that a cluster which
 * begins with zeros counts as zeros; a table that is missed so leaves refcounts that disagree.
 */
const MAX_ZERO_BYTES = 2 ** 30;
const CLUSTERS_BETWEEN_TURNS = 16;
/** Tables that are kept: as many as a mapped disk of 16 TiB in clusters of 64 KiB has. */
const MAX_TABLES = 2 ** 15;
/** Clusters without extended L2: qemu wants subclusters of 512 bytes. */
const MIN_EXTENDED_BITS = 14;

/** A cluster that can be a table. */
export interface FoundTable extends Readonly<TableGuess> {
  readonly cluster: number;
}

/** What was found. */
export interface ScanResult {
  /** In the order of the file. */
  readonly tables: readonly FoundTable[];
  /** By cluster, 1 where it was looked at and holds zeros. */
  readonly zeros: Uint8Array;
  /** Clusters that begin as a snapshot table does. */
  readonly snapshotTables: readonly number[];
}

/** Called with the bytes of the file that were searched so far. */
export type OnProgress = (bytes: number) => void;

/** Which clusters are looked at. */
export type WantsCluster = (cluster: number) => boolean;

/** Scans the clusters that `wants` names. What the system cannot read is passed over. Throws LimitPassed. */
export function* scanForTables(
  source: ImageSource,
  rules: TableRules,
  wants: WantsCluster,
  onProgress?: OnProgress,
): SlicedWork<ScanResult> {
  const { clusterBits, refcounts } = rules;
  const reader = new ClusterReader(source, 2 ** clusterBits);
  const tables: FoundTable[] = [];
  const zeros = new Uint8Array(refcounts.length);
  const snapshotTables: number[] = [];
  let zeroBytes = MAX_ZERO_BYTES;
  for (let cluster = 1; cluster < refcounts.length; cluster++) {
    if (cluster % CLUSTERS_BETWEEN_TURNS === 0) {
      onProgress?.(cluster * 2 ** clusterBits);
      yield;
    }
    if (!wants(cluster)) continue;
    const guess = newTableGuess(clusterBits >= MIN_EXTENDED_BITS);
    const wasRead = reader.each(cluster, (view, at, end) => {
      inspectEntries(guess, rules, view, at, end);
      if (guess.used === 0) zeroBytes -= end - at;
      return canBeTable(guess) && (guess.used > 0 || zeroBytes > 0);
    });
    if (!wasRead) continue;
    if (!canBeTable(guess)) {
      const head = reader.head(cluster);
      if (head !== undefined && beginsSnapshotTable(head, rules)) snapshotTables.push(cluster);
    } else if (guess.used === 0) zeros[cluster] = 1;
    else if (tables.length === MAX_TABLES) throw new LimitPassed('it has too many tables');
    else tables.push({ cluster, ...guess });
  }
  return { tables, zeros, snapshotTables };
}

/** The clusters that the entries of a table of 8-byte words name, with their places; compressed ones left out. */
export function entriesOf(
  source: ImageSource,
  cluster: number,
  clusterBits: number,
  entrySize = 8,
): { readonly index: number; readonly target: number; readonly isCopied: boolean }[] {
  const view = dataViewOf(readCluster(source, cluster, 2 ** clusterBits));
  const entries = [];
  for (let at = 0, index = 0; at < view.byteLength; at += entrySize, index++) {
    const hi = view.getUint32(at);
    const host = entryOffset(hi, view.getUint32(at + 4));
    if (host === 0 || (hi & ENTRY_COMPRESSED_HI) !== 0) continue;
    entries.push({ index, target: host / 2 ** clusterBits, isCopied: hi >>> 31 === 1 });
  }
  return entries;
}

/** Marks the clusters that the entries of a table name, but for itself and for compressed data. */
export function markTargets(
  view: DataView,
  cluster: number,
  { clusterBits, entrySize }: { readonly clusterBits: number; readonly entrySize: number },
  named: Uint8Array,
): void {
  for (let at = 0; at < view.byteLength; at += entrySize) {
    const hi = view.getUint32(at);
    const target = entryOffset(hi, view.getUint32(at + 4)) / 2 ** clusterBits;
    if (target !== 0 && target !== cluster && (hi & ENTRY_COMPRESSED_HI) === 0 && target < named.length)
      named[target] = 1;
  }
}

/** One cluster, zeros past the end of the file. Throws QCOW2_READ_FAILED. */
export function readCluster(source: ImageSource, cluster: number, clusterSize: number): Uint8Array {
  const bytes = new Uint8Array(clusterSize);
  readFully(source, bytes, cluster * clusterSize);
  return bytes;
}

/** Source: qcow2 specification, "Snapshots": an L1 table, then the lengths of an id of digits and of a name. */
function beginsSnapshotTable(view: DataView, { clusterBits, fileLength, refcounts }: TableRules): boolean {
  if (view.byteLength < 56) return false;
  const hi = view.getUint32(0);
  const offset = hi * 2 ** 32 + view.getUint32(4);
  if (offset === 0 || offset >= fileLength || offset % 2 ** clusterBits !== 0) return false;
  const idLength = view.getUint16(12);
  const extra = view.getUint32(36);
  if (refcounts[offset / 2 ** clusterBits] === 0 || idLength < 1 || idLength > 10 || extra > 1024)
    return false;
  if (40 + extra + idLength > view.byteLength) return false;
  for (let i = 0; i < idLength; i++) {
    const digit = view.getUint8(40 + extra + i);
    if (digit < 0x30 || digit > 0x39) return false;
  }
  return view.getUint32(8) > 0;
}

/** Reads clusters in pieces, small ones together. */
class ClusterReader {
  readonly #source: ImageSource;
  readonly #clusterSize: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** What is in memory: so many bytes from a place of the file. */
  #position = 0;
  #held = 0;

  constructor(source: ImageSource, clusterSize: number) {
    this.#source = source;
    this.#clusterSize = clusterSize;
    this.#bytes = new Uint8Array(READ_AT_ONCE_BYTES);
    this.#view = dataViewOf(this.#bytes);
  }

  /** Shows a cluster piece by piece while `take` returns true. False where the system could not read it. */
  each(cluster: number, take: (view: DataView, at: number, end: number) => boolean): boolean {
    const start = cluster * this.#clusterSize;
    const end = start + this.#clusterSize;
    try {
      for (let at = start, length = HEAD_BYTES; at < end; at += length, length = READ_AT_ONCE_BYTES) {
        const piece = Math.min(length, end - at);
        const within = this.#load(at, piece);
        if (!take(this.#view, within, within + piece)) break;
      }
      return true;
    } catch (error) {
      if (!(error instanceof CowscopeError)) throw error;
      return false;
    }
  }

  /** The beginning of a cluster that was shown in part. */
  head(cluster: number): DataView | undefined {
    const piece = Math.min(this.#clusterSize, HEAD_BYTES);
    let head: DataView | undefined;
    this.each(cluster, (view, at) => {
      head = new DataView(view.buffer, view.byteOffset + at, piece);
      return false;
    });
    return head;
  }

  /** Where [position, position + length) lies in the buffer. */
  #load(position: number, length: number): number {
    const isHeld = position >= this.#position && position + length <= this.#position + this.#held;
    if (!isHeld) {
      this.#held = 0;
      const wanted = this.#clusterSize <= HEAD_BYTES ? READ_AT_ONCE_BYTES : length;
      readFully(this.#source, this.#bytes.subarray(0, wanted), position);
      this.#position = position;
      this.#held = wanted;
    }
    return position - this.#position;
  }
}
