/** The deep check: every data cluster is read, and every compressed one decompressed. Takes as long as reading does. */
import { CowscopeError } from '../../../shared/error.ts';
import { type Cause, type FindingCollector, guestRange } from '../../../shared/finding-collector.ts';
import { formatCount, formatOffset } from '../../../shared/text/offset.ts';
import { hex, hex64 } from '../format/bytes.ts';
import { compressedRange, compressionOf } from '../format/compressed.ts';
import {
  ENTRY_COMPRESSED_HI,
  entryKind,
  entryOffset,
  UNALLOCATED,
  ZERO_ALLOCATED,
  ZERO_HOLE,
} from '../format/entry.ts';
import { hasDataFile } from '../format/header.ts';
import type { L2Tables } from '../layout/l2-tables.ts';
import { entryRulesOf, type Qcow2Image } from '../read/image.ts';
import type { SlicedWork } from '../read/sliced-work.ts';
import { type ImageSource, readFully } from '../read/source.ts';
import { createTableReader, loadTable } from '../read/table-reader.ts';
import type { TableNames } from './table-names.ts';

/** Most bytes read at once. */
const READ_BYTES = 2 ** 20;

/**
 * Decompresses a stream, which ends somewhere in `bytes`, into a cluster of `size` bytes. Returns why that cannot be
 * done, or undefined where it can.
 */
export type TryDecompress = (bytes: Uint8Array, size: number) => string | undefined;

/** How to check deeply. */
export interface DeepOptions {
  /** For the way in which the image is compressed; undefined where that is not known. */
  readonly tryDecompress: TryDecompress | undefined;
}

/** What is read, and what is left out. */
export interface DeepInput {
  readonly image: Qcow2Image;
  readonly tables: L2Tables;
  readonly names: TableNames;
  readonly collector: FindingCollector;
  /** The external data file, where there is one that is open. */
  readonly dataFile: ImageSource | undefined;
  /** True for a table whose entries are garbage. */
  readonly isGarbage: (index: number) => boolean;
}

/** What was done of a deep check. */
export interface DeepResult {
  readonly clusters: number;
  readonly streams: number;
  /** Streams that were not decompressed, because their compression is not known here. */
  readonly unknownStreams: number;
  /** True if the data of the disk lies in a file that is not open. */
  readonly isDataMissing: boolean;
}

/** Reads everything that L2 tables of all disks refer to, once. */
export function* checkDeep(input: DeepInput, options: DeepOptions): SlicedWork<DeepResult> {
  const reader = new DataReader(input, options);
  const { image, tables, isGarbage } = input;
  const { clusterSize } = image.geometry;
  const table = createTableReader();
  for (let index = 0; index < tables.offsets.length; index++) {
    yield;
    if (isGarbage(index)) continue;
    try {
      loadTable(table, image.source, tables.offsets[index] as number, clusterSize);
    } catch (error) {
      if (!(error instanceof CowscopeError)) throw error;
      continue; // scanTables reports it
    }
    yield* reader.readEntries(index, table.view);
  }
  yield* reader.flush();
  return reader.result();
}

/** A run of clusters that follow each other in the file and in the guest. */
interface Run {
  readonly host: number;
  readonly guest: number;
  length: number;
}

/** Reads the clusters of entries, neighbors together. */
class DataReader {
  readonly #input: DeepInput;
  readonly #options: DeepOptions;
  readonly #rules: ReturnType<typeof entryRulesOf>;
  readonly #source: ImageSource | undefined;
  readonly #buffer = new Uint8Array(READ_BYTES);
  readonly #stream: Uint8Array;
  /** Clusters that were read, a bit each, in pieces: those of several snapshots are read once. */
  readonly #seen = new Map<number, Uint8Array>();
  #run: Run | undefined;
  #clusters = 0;
  #streams = 0;
  #unknownStreams = 0;

  constructor(input: DeepInput, options: DeepOptions) {
    const { image, dataFile } = input;
    this.#input = input;
    this.#options = options;
    this.#rules = entryRulesOf(image);
    this.#source = hasDataFile(image.header) ? dataFile : image.source;
    // The largest stream that an entry can describe.
    this.#stream = new Uint8Array(2 * image.geometry.clusterSize + 512);
  }

  /** Reads what the entries of table number `index` name. */
  *readEntries(index: number, view: DataView): SlicedWork<void> {
    const { image, names } = this.#input;
    const { clusterSize, entrySize, l2Entries } = image.geometry;
    const start = names.guestOf(index);
    for (let i = 0; i < l2Entries; i++) {
      const hi = view.getUint32(i * entrySize);
      const lo = view.getUint32(i * entrySize + 4);
      if ((hi | lo) === 0) continue;
      const guest = start < 0 ? -1 : start + i * clusterSize;
      if ((hi & ENTRY_COMPRESSED_HI) !== 0) {
        if (this.#rules.dataFile) continue;
        yield;
        this.#readStream(index, i, hi, lo, guest);
        continue;
      }
      const host = entryOffset(hi, lo);
      const kind = entryKind(this.#rules, hi, lo, this.#rules.dataFile && guest >= 0 ? guest : host);
      if (kind === UNALLOCATED || kind === ZERO_HOLE || kind === ZERO_ALLOCATED) continue;
      if (host % clusterSize !== 0 || !this.#isFirst(host / clusterSize)) continue;
      yield* this.#addCluster(host, guest);
    }
  }

  /** Reads what is left. */
  *flush(): SlicedWork<void> {
    const run = this.#run;
    this.#run = undefined;
    if (run === undefined || this.#source === undefined) return;
    yield;
    this.#readRun(this.#source, run);
  }

  result(): DeepResult {
    return {
      clusters: this.#clusters,
      streams: this.#streams,
      unknownStreams: this.#unknownStreams,
      isDataMissing: this.#source === undefined,
    };
  }

  *#addCluster(host: number, guest: number): SlicedWork<void> {
    const { clusterSize } = this.#input.image.geometry;
    const run = this.#run;
    if (
      run !== undefined &&
      run.host + run.length === host &&
      (guest < 0 ? run.guest < 0 : run.guest + run.length === guest) &&
      run.length + clusterSize <= Math.max(READ_BYTES, clusterSize)
    ) {
      run.length += clusterSize;
      return;
    }
    yield* this.flush();
    this.#run = { host, guest, length: clusterSize };
  }

  /** Reads a run; where that fails, each of its clusters. */
  #readRun(source: ImageSource, { host, guest, length }: Run): void {
    const { clusterSize } = this.#input.image.geometry;
    this.#clusters += length / clusterSize;
    if (this.#tryRead(source, host, length) === undefined) return;
    for (let at = 0; at < length; at += clusterSize) {
      const why = this.#tryRead(source, host + at, clusterSize);
      if (why !== undefined) this.#addUnreadable(host + at, guest < 0 ? -1 : guest + at, why);
    }
  }

  #tryRead(source: ImageSource, position: number, length: number): string | undefined {
    try {
      for (let at = 0; at < length; at += READ_BYTES)
        readFully(source, this.#buffer.subarray(0, Math.min(READ_BYTES, length - at)), position + at);
    } catch (error) {
      if (!(error instanceof CowscopeError)) throw error;
      return error.what;
    }
    return undefined;
  }

  #addUnreadable(host: number, guest: number, why: string): void {
    const { image, collector } = this.#input;
    const { clusterSize } = image.geometry;
    collector.add(READ_FAILED, {
      ...(guest < 0 ? {} : guestRange(guest, guest + clusterSize, image.header.size)),
      host: [host, clusterSize],
      evidence: { source: 'data cluster', fileOffset: host, value: hex(host), bits: why },
    });
  }

  #readStream(index: number, entry: number, hi: number, lo: number, guest: number): void {
    const { image } = this.#input;
    const { clusterSize, clusterBits } = image.geometry;
    const { offset, length } = compressedRange(hi, lo, clusterBits);
    this.#streams++;
    const { tryDecompress } = this.#options;
    if (tryDecompress === undefined) {
      this.#unknownStreams++;
      return;
    }
    const bytes = this.#stream.subarray(0, length);
    let why: string | undefined;
    try {
      // Past the end of the file are zeros, as for qemu.
      if (readFully(image.source, bytes, offset) === 0) return; // an entry past the end has its own finding
      why = tryDecompress(bytes, clusterSize);
    } catch (error) {
      if (!(error instanceof CowscopeError)) throw error;
      why = error.what;
    }
    if (why !== undefined) this.#addDamagedStream(index, entry, hi, lo, guest, why);
  }

  #addDamagedStream(index: number, entry: number, hi: number, lo: number, guest: number, why: string): void {
    const { image, tables, collector } = this.#input;
    const { clusterSize, clusterBits, entrySize } = image.geometry;
    const { offset, length } = compressedRange(hi, lo, clusterBits);
    collector.add(damagedStream(compressionOf(image.header.compressionType) === 'zstd'), {
      ...(guest < 0 ? {} : guestRange(guest, guest + clusterSize, image.header.size)),
      host: [offset, length],
      evidence: {
        source: `L2 entry ${entry}`,
        fileOffset: (tables.offsets[index] as number) + entry * entrySize,
        value: hex64(hi, lo),
        bits: `compressed data at ${formatOffset(offset)}, ${length} bytes at most: ${why}`,
      },
    });
  }

  /** True the first time that a cluster is asked for. */
  #isFirst(cluster: number): boolean {
    const piece = Math.floor(cluster / PIECE_CLUSTERS);
    const bits = this.#seen.get(piece) ?? new Uint8Array(PIECE_CLUSTERS / 8);
    this.#seen.set(piece, bits);
    const at = cluster - piece * PIECE_CLUSTERS;
    const mask = 1 << (at & 7);
    const byte = bits[at >>> 3] as number;
    bits[at >>> 3] = byte | mask;
    return (byte & mask) === 0;
  }
}

/** Clusters of a piece of the list of those that were read. */
const PIECE_CLUSTERS = 2 ** 16;

const READ_FAILED: Cause = {
  id: 'QCOW2_DATA_READ_FAILED',
  code: 'QCOW2_DATA_READ_FAILED',
  severity: 'corruption',
  what: count =>
    `the system could not read ${count === 1 ? 'a data cluster' : `${formatCount(count)} data clusters`}`,
  advice:
    'look at the disk or the file system that holds the file; copy what can still be read, with a tool that goes on after errors, before anything else',
};

/** The cause for streams of that kind. qemu reads some damaged zstd frames as garbage: engine/worker/zstd-decoder.ts. */
function damagedStream(isZstd: boolean): Cause {
  const orGarbage = isZstd ? ', or wrong data where zstd does not notice the damage' : '';
  return {
    id: 'QCOW2_STREAM_DAMAGED',
    code: 'QCOW2_STREAM_DAMAGED',
    severity: 'corruption',
    what: count =>
      `${count === 1 ? 'a compressed cluster' : `${formatCount(count)} compressed clusters`} cannot be decompressed: the guest gets an I/O error there${orGarbage}`,
    advice: 'restore the ranges from a backup: compressed data cannot be repaired',
  };
}
