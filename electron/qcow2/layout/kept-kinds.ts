/** What each cluster of a file holds, as an index below 16, kept in little memory: by chunks, as runs or in half bytes. */
import { CHUNK_CLUSTERS } from './cluster-chunks.ts';

/** A run is kept as its start in 2 bytes and its index in 1. */
const RUN_BYTES = 3;
/** Runs up to which a chunk is kept as runs: beyond that half a byte for each cluster is less. */
const MAX_RUNS = Math.floor(CHUNK_CLUSTERS / 2 / RUN_BYTES);
/** Chunks that are held unpacked: those that were looked at last. */
const UNPACKED = 16;

/** A chunk as runs: of which cluster on, and of which index. */
interface Runs {
  readonly starts: Uint16Array;
  readonly indexes: Uint8Array;
}

/** The clusters of one file. Those of a chunk that was not kept have the index that was given for the rest. */
export class KeptKinds {
  readonly #rest: number;
  readonly #chunks = new Map<number, Runs | Uint8Array>();
  readonly #unpacked = new Map<number, Uint8Array>();
  #current: Uint8Array | undefined;
  #currentId = -1;
  #bytes = 0;

  /** `rest` is the index of clusters of which nothing is kept. */
  constructor(rest: number) {
    this.#rest = rest;
  }

  /** Bytes that are kept: at most half a byte for each cluster. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Keeps a chunk: for each of its clusters the index that `indexOfByte` has for its byte. */
  keep(id: number, bytes: Uint8Array, indexOfByte: Uint8Array): void {
    let runs = 1;
    let before = indexOfByte[bytes[0] as number];
    for (let at = 1; at < CHUNK_CLUSTERS && runs <= MAX_RUNS; at++) {
      const index = indexOfByte[bytes[at] as number];
      if (index !== before) runs++;
      before = index;
    }
    const isShort = runs <= MAX_RUNS;
    this.#chunks.set(id, isShort ? asRuns(bytes, indexOfByte, runs) : asHalves(bytes, indexOfByte));
    this.#bytes += isShort ? runs * RUN_BYTES : CHUNK_CLUSTERS / 2;
  }

  /** The index of a cluster. */
  indexOf(cluster: number): number {
    const id = Math.floor(cluster / CHUNK_CLUSTERS);
    if (id !== this.#currentId) {
      this.#current = this.#unpack(id);
      this.#currentId = id;
    }
    return this.#current === undefined
      ? this.#rest
      : (this.#current[cluster - id * CHUNK_CLUSTERS] as number);
  }

  #unpack(id: number): Uint8Array | undefined {
    const kept = this.#chunks.get(id);
    if (kept === undefined) return undefined;
    const held = this.#unpacked.get(id);
    if (held !== undefined) return held;
    // The one that was unpacked first goes, and its memory is used again.
    const [oldest] = this.#unpacked.keys();
    const isFull = this.#unpacked.size === UNPACKED && oldest !== undefined;
    const into = (isFull ? this.#unpacked.get(oldest) : undefined) ?? new Uint8Array(CHUNK_CLUSTERS);
    if (isFull) this.#unpacked.delete(oldest);
    if (kept instanceof Uint8Array)
      for (let at = 0; at < CHUNK_CLUSTERS; at++)
        into[at] = ((kept[at >>> 1] as number) >>> ((at & 1) * 4)) & 15;
    else
      kept.starts.forEach((start, i) => {
        into.fill(kept.indexes[i] as number, start, kept.starts[i + 1] ?? CHUNK_CLUSTERS);
      });
    this.#unpacked.set(id, into);
    return into;
  }
}

function asRuns(bytes: Uint8Array, indexOfByte: Uint8Array, count: number): Runs {
  const starts = new Uint16Array(count);
  const indexes = new Uint8Array(count);
  let n = -1;
  for (let at = 0; at < CHUNK_CLUSTERS; at++) {
    const index = indexOfByte[bytes[at] as number] as number;
    if (n >= 0 && indexes[n] === index) continue;
    starts[++n] = at;
    indexes[n] = index;
  }
  return { starts, indexes };
}

function asHalves(bytes: Uint8Array, indexOfByte: Uint8Array): Uint8Array {
  const halves = new Uint8Array(CHUNK_CLUSTERS / 2);
  for (let at = 0; at < CHUNK_CLUSTERS; at++)
    halves[at >>> 1] =
      (halves[at >>> 1] as number) | ((indexOfByte[bytes[at] as number] as number) << ((at & 1) * 4));
  return halves;
}
