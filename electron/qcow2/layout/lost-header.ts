/**
 * Recognizes a qcow2 image whose header was overwritten, by what lies behind it. Nothing is read by it: what is found is
 * inferred, and shown as such.
 */
import { dataViewOf, uint64At } from '../../../shared/bytes.ts';
import { countOf } from '../../../shared/text/offset.ts';
import { hex } from '../format/bytes.ts';
import { entryOffset } from '../format/entry.ts';
import { refcountAt } from '../format/refcounts.ts';
import { type ImageSource, readBytes } from '../read/source.ts';

/** What is left of an image without a header. Offsets are bytes of the file. */
export interface LostHeader {
  readonly clusterSize: number;
  readonly refcountBits: number;
  readonly refcountTable: number;
  readonly refcountBlock: number;
  /** A table whose entries lead to tables, where one lies near the beginning. */
  readonly l1Table?: { readonly offset: number; readonly tables: number; readonly first: number };
}

const MIN_CLUSTER_BITS = 9;
const MAX_CLUSTER_BITS = 21;
/** Widths of refcounts, the usual one first. Counts of 1 in clusters 0 and 1 lie at other bits in each of them. */
const REFCOUNT_BITS = [16, 8, 32, 64, 4, 2, 1] as const;
/** Clusters among which an L1 table is looked for. */
const L1_CLUSTERS = 8;
/** Entries of what may be an L1 table that are followed. */
const MAX_FOLLOWED = 4;
/** Bytes of a table that are looked at. */
const LOOK_BYTES = 4096;

/**
 * The parts of a qcow2 image that a file without its magic shows: a refcount table that names a block which counts the
 * header's cluster, the table's and its own once each. Reads at most some 50 short pieces. Throws QCOW2_READ_FAILED.
 */
export function findLostHeader(source: ImageSource): LostHeader | undefined {
  for (let bits = MIN_CLUSTER_BITS; bits <= MAX_CLUSTER_BITS; bits++) {
    const clusterSize = 2 ** bits;
    if (4 * clusterSize > source.size) return undefined;
    const found = refcountsAt(source, clusterSize, clusterSize);
    if (found !== undefined) return withL1(source, found);
  }
  return undefined;
}

/**
 * The refcounts of an image with clusters of that size and with its refcount table at an offset of the file; undefined
 * where no such table lies there. New images have it in cluster 1. Throws QCOW2_READ_FAILED.
 */
export function refcountsAt(
  source: ImageSource,
  clusterSize: number,
  refcountTable: number,
): LostHeader | undefined {
  const view = dataViewOf(readBytes(source, refcountTable, Math.min(clusterSize, LOOK_BYTES)));
  if (view.byteLength < 8) return undefined;
  const refcountBlock = uint64At(view, 0);
  for (let at = 0; at + 8 <= view.byteLength; at += 8) {
    const offset = uint64At(view, at);
    if (offset % clusterSize !== 0 || offset >= source.size) return undefined;
  }
  if (refcountBlock === 0 || refcountBlock === refcountTable) return undefined;
  const block = dataViewOf(readBytes(source, refcountBlock, clusterSize));
  if (block.byteLength < clusterSize) return undefined;
  const counted = [0, refcountTable / clusterSize, refcountBlock / clusterSize];
  const refcountBits = REFCOUNT_BITS.find(width =>
    counted.every(at => at < (clusterSize * 8) / width && refcountAt(block, 0, at, width) === 1),
  );
  return refcountBits === undefined ? undefined : { clusterSize, refcountBits, refcountTable, refcountBlock };
}

function withL1(source: ImageSource, found: LostHeader): LostHeader {
  const { clusterSize, refcountTable, refcountBlock } = found;
  for (let cluster = 1; cluster < L1_CLUSTERS; cluster++) {
    const offset = cluster * clusterSize;
    if (offset === refcountTable || offset === refcountBlock) continue;
    const tables = entriesAt(source, offset, clusterSize);
    const [first] = tables;
    if (first !== undefined && leadsToTables(source, tables, clusterSize))
      return { ...found, l1Table: { offset, tables: tables.length, first } };
  }
  return found;
}

/** True if the first of these clusters are tables: entries of an L2 table lead to data, which only by chance looks like one. */
export function leadsToTables(source: ImageSource, targets: readonly number[], clusterSize: number): boolean {
  return targets.slice(0, MAX_FOLLOWED).every(target => entriesAt(source, target, clusterSize).length > 0);
}

/** Where the entries of what may be a table lead; empty where its beginning is anything else, or has none. */
export function entriesAt(source: ImageSource, offset: number, clusterSize: number): number[] {
  const view = dataViewOf(readBytes(source, offset, Math.min(clusterSize, LOOK_BYTES)));
  const found: number[] = [];
  for (let at = 0; at + 8 <= view.byteLength; at += 8) {
    const hi = view.getUint32(at);
    const lo = view.getUint32(at + 4);
    if (hi === 0 && lo === 0) continue;
    const target = entryOffset(hi, lo);
    const isEntry = (hi & 0x7f000000) === 0 && target % clusterSize === 0 && target < source.size;
    if (!isEntry || (lo & 0x1fe) !== 0) return [];
    if (target !== 0) found.push(target);
  }
  return found;
}

/** What was found as evidence of a finding. */
export function lostHeaderEvidence({ refcountTable, refcountBlock, refcountBits, l1Table }: LostHeader) {
  const table = {
    source: 'refcount table',
    fileOffset: refcountTable,
    value: hex(refcountBlock),
    bits: `its first block, with refcounts of ${countOf(refcountBits, 'bit')}, counts the table, itself and the header`,
  };
  if (l1Table === undefined) return [table];
  const { offset, tables, first } = l1Table;
  const bits = tables === 1 ? 'the table that it names' : `the first of ${tables} tables that it names`;
  return [table, { source: 'what looks like an L1 table', fileOffset: offset, value: hex(first), bits }];
}
