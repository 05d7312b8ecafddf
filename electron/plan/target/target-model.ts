/**
 * The target of a commit while requests arrive: which clusters are taken, freed and changed.
 * Source: qemu's block/qcow2-cluster.c (cluster_needs_new_alloc, zero_in_l2_slice, zero_l2_subclusters) and
 * qcow2_co_pwrite_zeroes, compared with qemu 7.2 and 10.0.
 */
import { COMPRESSED_DATA, DATA, UNALLOCATED, ZERO_ALLOCATED, ZERO_HOLE } from '../../qcow2/format/entry.ts';
import type { TargetWrite } from '../commit/requests.ts';
import { isAbsent, isZeroKind, keepsHost } from '../layers/block-status.ts';
import { copyInto, markZero } from '../layers/cluster-kinds.ts';
import type { LayerRuns } from '../layers/layer-runs.ts';
import type { HostEvent, HostEventSink } from './host/host-events.ts';

/** The properties of the target's format that decide where writes go. */
export interface TargetFormat {
  /** 2 or 3; 0 for a raw target. */
  readonly version: number;
  readonly hasBacking: boolean;
  /** Zeros give host space back: qemu's option `discard=unmap`, which qemu-img always sets. */
  readonly unmaps: boolean;
  readonly clusterSize: number;
  /** 32 with extended L2, otherwise 1. */
  readonly subclusters: number;
  /** Guest bytes that one L2 table covers. */
  readonly l1Coverage: number;
  /** True where the L1 entry of this number names a table that is changed in place. */
  readonly hasTable: (l1Index: number) => boolean;
  /** How many of the L1 entries [first, end) name such a table. */
  readonly tablesIn: (first: number, end: number) => number;
  /** True where snapshots share the host cluster of an offset that has one; absent where there are no snapshots. */
  readonly isShared?: (offset: number) => boolean;
}

/** The changes made by the requests so far. Counts are clusters. */
export interface TargetChanges {
  /** Bytes of data written, and of zeros that are stored as such. */
  bytesCopied: number;
  bytesZeroed: number;
  /** Where requests for data end, and those for zeros: offsets of the guest. */
  dataEnd: number;
  zerosEnd: number;
  /** Bytes of zeros that are written as data because the target stores no zeros there. */
  zerosAsData: number;
  newClusters: number;
  newTables: number;
  /** Clusters given back; compressed ones are counted apart: several share a host cluster. */
  freedClusters: number;
  freedCompressed: number;
  /** Clusters in use that are written again, and L2 tables in use that are changed: snapshots may share them. */
  rewrittenClusters: number;
  rewrittenTables: number;
  /** Clusters are given back and taken again within one request. */
  isOrderUnsure: boolean;
  /** Zeros that become data may stay zeros: that depends on whether data that was sent before them is written by then. */
  mayStayZeros: boolean;
}

/** The fields of a request that decide how it changes the target. */
export type AppliedRequest = Pick<TargetWrite, 'start' | 'end' | 'zero' | 'readsZero'> &
  Partial<Pick<TargetWrite, 'passesFrom'>>;

/** Called for each range of the target in ascending order: the kind before and after, and whether its cluster is written. */
export type RangeSink = (start: number, end: number, before: number, after: number, written: boolean) => void;

/** One cluster that requests change in parts. */
interface OpenCluster {
  readonly start: number;
  readonly before: Uint8Array;
  readonly kinds: Uint8Array;
  /** Snapshots share its host cluster: data goes to a new one. */
  isShared: boolean;
  /** Data that was sent to it, which zeros sent later may pass; absent where each request ends before the next. */
  late?: LateData;
}

/** Data of a cluster that may be written after zeros which are sent later. */
interface LateData {
  /** The cluster without the data. */
  readonly kinds: Uint8Array;
  readonly isShared: boolean;
  /** Guest offset of the first request. */
  readonly from: number;
  /** Subclusters [first, end). */
  readonly parts: [first: number, end: number][];
}

/** The state of a target. Requests come in ascending order and do not overlap. */
export class TargetModel {
  readonly changes: TargetChanges = {
    bytesCopied: 0,
    bytesZeroed: 0,
    dataEnd: 0,
    zerosEnd: 0,
    zerosAsData: 0,
    newClusters: 0,
    newTables: 0,
    freedClusters: 0,
    freedCompressed: 0,
    rewrittenClusters: 0,
    rewrittenTables: 0,
    isOrderUnsure: false,
    mayStayZeros: false,
  };
  readonly #runs: LayerRuns;
  readonly #format: TargetFormat;
  readonly #unit: number;
  readonly #readsZeroBelow: (start: number, end: number) => boolean;
  readonly #sink: RangeSink | undefined;
  /** Called for what each request does to the target's file. */
  hostSink: HostEventSink | undefined;
  #open: OpenCluster | undefined;
  #done = 0;
  /** What the current request passes: {@link TargetWrite.passesFrom}. */
  #passesFrom: number | undefined;
  /** End of the L1 entries whose tables are counted. */
  #tablesEnd = 0;

  /** `readsZeroBelow` tells whether all layers below the target read as zeros in a range. */
  constructor(
    runs: LayerRuns,
    format: TargetFormat,
    readsZeroBelow: (start: number, end: number) => boolean,
    sink?: RangeSink,
  ) {
    this.#runs = runs;
    this.#format = format;
    this.#unit = format.clusterSize / format.subclusters;
    this.#readsZeroBelow = readsZeroBelow;
    this.#sink = sink;
  }

  /** Counts the L2 tables that [start, end) needs: those there are, and those that are made. Ranges come in ascending order. */
  needTables(start: number, end: number): void {
    const { l1Coverage, tablesIn, version } = this.#format;
    if (version === 0) return;
    const first = Math.max(this.#tablesEnd, Math.floor(start / l1Coverage));
    const last = Math.ceil(end / l1Coverage);
    if (last <= first) return;
    const known = tablesIn(first, last);
    this.changes.rewrittenTables += known;
    this.changes.newTables += last - first - known;
    this.#tablesEnd = last;
  }

  /** Takes a request. */
  apply({ start, end, zero, readsZero, passesFrom }: AppliedRequest): void {
    const { version } = this.#format;
    this.#passesFrom = passesFrom;
    if (zero) {
      this.changes.bytesZeroed += end - start;
      this.changes.zerosEnd = end;
    } else {
      this.changes.bytesCopied += end - start;
      this.changes.dataEnd = end;
    }
    if (readsZero && !zero) this.changes.zerosAsData += end - start;
    this.needTables(start, end);
    if (version === 0) this.#writeRaw(start, end);
    else if (!zero) this.#writeData(start, end);
    else this.#writeZeros(start, end);
  }

  /** A raw file is written in place. */
  #writeRaw(start: number, end: number): void {
    this.#pass(start);
    const stop = Math.min(end, this.#runs.size);
    this.#report(start, stop, true);
    this.#done = Math.max(this.#done, stop);
  }

  /** As qemu does: the unit that it begins in, whole units, and the unit that it ends in, each as one request. */
  #writeZeros(start: number, end: number): void {
    const unit = this.#unit;
    const first = Math.min(end, Math.ceil(start / unit) * unit);
    const last = Math.max(first, Math.floor(end / unit) * unit);
    const { version, hasBacking } = this.#format;
    if (version < 3 && hasBacking) {
      this.#writeZerosAsData(start, first);
      this.#writeZerosAsData(first, last);
      this.#writeZerosAsData(last, end);
      return;
    }
    this.#write(start, first, true);
    const failsAtOnce = this.#isCompressedPart(first);
    if (failsAtOnce || this.#isCompressedPart(last)) {
      // Whole clusters before the last one were marked by then, and are written again.
      if (!failsAtOnce && last - first > this.#format.clusterSize) this.changes.isOrderUnsure = true;
      this.#writeZerosAsData(first, last);
    } else this.#write(first, last, true);
    this.#write(last, end, true);
  }

  /**
   * True where zeros that begin or end here would mark subclusters of a cluster that is compressed when they are sent: data
   * that was sent to it before them and is still read does not change that.
   */
  #isCompressedPart(offset: number): boolean {
    const { clusterSize } = this.#format;
    const cluster = Math.floor(offset / clusterSize) * clusterSize;
    if (offset === cluster || offset >= this.#runs.size) return false;
    if (this.#open?.start !== cluster) return this.#runs.at(cluster).kind === COMPRESSED_DATA;
    const { kinds, late } = this.#open;
    const isLate = late?.kinds[0] === COMPRESSED_DATA;
    if (isLate && !this.#passes(late)) this.changes.mayStayZeros = true;
    return isLate || kinds[0] === COMPRESSED_DATA;
  }

  /** True where the current request surely comes before the data. */
  #passes({ from }: LateData): boolean {
    return this.#passesFrom !== undefined && from >= this.#passesFrom;
  }

  #write(start: number, end: number, zero: boolean): void {
    const { clusterSize } = this.#format;
    for (let at = start; at < end; ) {
      const cluster = Math.floor(at / clusterSize) * clusterSize;
      const isWhole = at === cluster && (end >= cluster + clusterSize || (zero && end >= this.#runs.size));
      const stop = isWhole ? this.#wholeEnd(cluster, end) : Math.min(end, cluster + clusterSize);
      if (isWhole) this.#applyWhole(cluster, stop, zero);
      else this.#applyPart(cluster, at, stop, zero);
      at = stop;
    }
  }

  /** Tells the sink of what is left. Nothing may follow. */
  finish(): void {
    this.#close();
    this.#pass(this.#runs.size);
  }

  #writeZerosAsData(start: number, end: number): void {
    this.#countZerosAsData(start, end);
    this.#writeData(start, end);
  }

  #writeData(start: number, end: number): void {
    this.#tell('write', start, end);
    this.#write(start, end, false);
  }

  #tell(kind: HostEvent['kind'], start: number, end: number): void {
    if (end > start) this.hostSink?.({ kind, start, end });
  }

  #countZerosAsData(start: number, end: number): void {
    this.changes.bytesZeroed -= end - start;
    this.changes.bytesCopied += end - start;
    this.changes.zerosAsData += end - start;
  }

  /** End of the whole clusters from `cluster` on that are alike, at most `end`. */
  #wholeEnd(cluster: number, end: number): number {
    const { clusterSize } = this.#format;
    const reach = end >= this.#runs.size ? end : Math.floor(end / clusterSize) * clusterSize;
    const { end: runEnd, kind } = this.#runs.at(cluster);
    // Of neighbors in the file, snapshots may share some.
    const isAlike = this.#format.isShared === undefined || !keepsHost(kind);
    const alike = isAlike ? Math.min(runEnd, reach) : cluster + clusterSize;
    if (alike >= reach) return reach;
    const whole = Math.floor(alike / clusterSize) * clusterSize;
    return whole > cluster ? whole : Math.min(reach, cluster + clusterSize);
  }

  /** Whole clusters [start, end): of one kind, or a single one. */
  #applyWhole(start: number, end: number, zero: boolean): void {
    this.#close();
    this.#pass(start);
    const count = Math.ceil((end - start) / this.#format.clusterSize);
    const before = this.#kindsOf(start);
    const hasHost = before.some(keepsHost);
    const isOwn = hasHost && !this.#isShared(start);
    const isCompressed = before[0] === COMPRESSED_DATA;
    const after = zero ? this.#zeroKindOver(hasHost) : DATA;
    if (!zero && isOwn) this.changes.rewrittenClusters += count;
    else if (!zero) this.changes.newClusters += count;
    else if (isOwn && after !== ZERO_ALLOCATED) this.changes.freedClusters += count;
    if (isCompressed) this.changes.freedCompressed += count;
    if (zero) this.#tell('zero', start, end);
    if (count === 1) this.#emit(start, before, new Uint8Array(before.length).fill(after));
    else this.#sink?.(start, Math.min(end, this.#runs.size), before[0] as number, after, true);
    this.#done = end;
  }

  /** A part [start, end) of one cluster. */
  #applyPart(cluster: number, start: number, end: number, zero: boolean): void {
    if (this.#open?.start !== cluster) {
      this.#close();
      this.#pass(cluster);
      const before = this.#kindsOf(cluster);
      const isShared = before.some(keepsHost) && this.#isShared(cluster);
      this.#open = { start: cluster, before, kinds: before.slice(), isShared };
    }
    const open = this.#open as OpenCluster;
    if (!zero)
      this.#copyInto(open, start, this.#indexAt(cluster, start), this.#indexAt(cluster, end - 1) + 1);
    else this.#zeroParts(open, start, end);
  }

  /** True where snapshots share the host cluster of `cluster`, which has one. */
  #isShared(cluster: number): boolean {
    return this.#format.isShared?.(cluster) === true;
  }

  /**
   * What zeros make of a whole cluster. Version 2 cannot mark them: without an image below, an unallocated cluster reads
   * as zeros, too.
   */
  #zeroKindOver(hasHost: boolean): number {
    if (this.#format.version < 3) return UNALLOCATED;
    return hasHost && !this.#format.unmaps ? ZERO_ALLOCATED : ZERO_HOLE;
  }

  #indexAt(cluster: number, offset: number): number {
    return Math.floor((offset - cluster) / this.#unit);
  }

  /** Data from the guest offset `at` on into subclusters [first, end) of a cluster, or into the cluster where it has none. */
  #copyInto(open: OpenCluster, at: number, first: number, end: number): void {
    const { kinds, isShared } = open;
    if (this.#passesFrom !== undefined) {
      open.late ??= { kinds: kinds.slice(), isShared, from: at, parts: [] };
      open.late.parts.push([first, end]);
    }
    const place = copyInto(kinds, first, end, isShared);
    if (place === 'in place') this.changes.rewrittenClusters++;
    else this.changes.newClusters++;
    if (place === 'decompressed') this.changes.freedCompressed++;
    if (place === 'copied') open.isShared = false;
  }

  /** Zeros into parts of a cluster, subcluster by subcluster: where one cannot be marked, zeros are written as data. */
  #zeroParts(open: OpenCluster, start: number, end: number): void {
    const { start: cluster, kinds } = open;
    for (let at = start; at < end; ) {
      const index = this.#indexAt(cluster, at);
      const from = cluster + index * this.#unit;
      const unitEnd = Math.min(from + this.#unit, this.#runs.size);
      const stop = Math.min(end, unitEnd);
      const isWhole = at === from && stop === unitEnd && kinds[0] !== COMPRESSED_DATA;
      if (isWhole || this.#restReadsZero(kinds[index] as number, from, at, stop, unitEnd))
        this.#zeroUnit(open, index);
      else {
        this.#countZerosAsData(at, stop);
        this.#tell('write', at, stop);
        this.#copyInto(open, at, index, index + 1);
      }
      at = stop;
    }
  }

  #zeroUnit(open: OpenCluster, index: number): void {
    const { start: cluster, kinds, isShared, late } = open;
    if (kinds.length > 1) {
      this.#tell('mark', cluster, cluster + 1);
      markZero(kinds, index);
      if (late?.isShared === true) this.#zeroBefore(open, late, index);
      return;
    }
    this.#tell('zero', cluster, cluster + this.#format.clusterSize);
    const hasHost = keepsHost(kinds[0] as number);
    kinds[0] = this.#zeroKindOver(hasHost);
    if (hasHost && !isShared && kinds[0] !== ZERO_ALLOCATED) this.changes.freedClusters++;
  }

  /** Zeros of a subcluster that come before data whose cluster snapshots share: between data they are copied with it. */
  #zeroBefore({ kinds }: OpenCluster, late: LateData, index: number): void {
    markZero(late.kinds, index);
    const passed = late.kinds.slice();
    for (const [i, [first, end]] of late.parts.entries()) copyInto(passed, first, end, i === 0);
    const makesOther = passed.some((kind, i) => kind !== kinds[i]);
    if (makesOther && !this.#passes(late)) this.changes.mayStayZeros = true;
    kinds.set(passed);
  }

  /** True where [from, end) without [start, stop) reads as zeros and holds no data. */
  #restReadsZero(kind: number, from: number, start: number, stop: number, end: number): boolean {
    if (isZeroKind(kind)) return true;
    return isAbsent(kind) && this.#readsZeroBelow(from, start) && this.#readsZeroBelow(stop, end);
  }

  #close(): void {
    if (this.#open === undefined) return;
    const { start, before, kinds } = this.#open;
    this.#open = undefined;
    this.#emit(start, before, kinds);
    this.#done = start + this.#format.clusterSize;
  }

  /** The kinds of a cluster's subclusters, also past the target's end. */
  #kindsOf(cluster: number): Uint8Array {
    const kinds = new Uint8Array(this.#format.subclusters);
    for (let i = 0; i < kinds.length; i++) kinds[i] = this.#runs.at(cluster + i * this.#unit).kind;
    return kinds;
  }

  #emit(start: number, before: Uint8Array, after: Uint8Array): void {
    if (this.#sink === undefined) return;
    for (let i = 0; i < before.length; i++) {
      const from = start + i * this.#unit;
      const end = Math.min(from + this.#unit, this.#runs.size);
      if (end > from) this.#sink(from, end, before[i] as number, after[i] as number, true);
    }
  }

  /** Tells of what lies unchanged before `end`. */
  #pass(end: number): void {
    this.#report(this.#done, Math.min(end, this.#runs.size), false);
  }

  /** Tells of [start, end), which keeps its kinds. */
  #report(start: number, end: number, written: boolean): void {
    if (this.#sink === undefined) return;
    for (let at = start; at < end; ) {
      const run = this.#runs.at(at);
      const stop = Math.min(run.end, end);
      this.#sink(at, stop, run.kind, run.kind, written);
      at = stop;
    }
  }
}
