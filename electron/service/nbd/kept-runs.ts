/**
 * Runs of a metadata context in little memory, until they can be printed: two bytes for a run of one to three clusters.
 *
 * A run is its length and its value. A length is one byte, and more where bit 7 is set:
 *
 *   bit 7      another byte follows, with 7 bits each
 *   bits 5, 6  the lowest bits of the length in units of 2^shift
 *   bits 0-4   shift
 *
 * A length of zero comes before a run that does not begin where the last one ended: the length of the gap follows. A value
 * below 254 is one byte; 254 stands before its low half of four bytes, 255 before both halves, little-endian.
 */
import { trailingZeros } from '../../../shared/extent/page.ts';
import { type ContextRuns, createRuns } from './context-runs.ts';

const CHUNK_BYTES = 2 ** 16;
/** Most bytes of a run: two lengths of 8 bytes, the mark of a gap and a value of 9. */
const MAX_RUN_BYTES = 32;
const LOW_FOLLOWS = 254;
const BOTH_FOLLOW = 255;

/** Units of each shift. */
const UNITS = Float64Array.from({ length: 32 }, (_, shift) => 2 ** shift);

/** Runs in the order they were added. */
export class KeptRuns {
  readonly #chunks: Uint8Array[] = [];
  /** Bytes written to the last chunk. */
  #used = CHUNK_BYTES;
  /** Where the last run ended. */
  #position = 0;

  /** Bytes of memory. */
  get bytes(): number {
    return this.#chunks.length * CHUNK_BYTES;
  }

  /** Keeps runs, which ascend and do not overlap. */
  add({ count, starts, lengths, keys, highs }: ContextRuns): void {
    let chunk = this.#chunks.at(-1) ?? new Uint8Array(0);
    let at = this.#used;
    let position = this.#position;
    for (let i = 0; i < count; i++) {
      if (at + MAX_RUN_BYTES > chunk.length) {
        this.#used = at;
        chunk = this.#addChunk();
        at = 0;
      }
      const start = starts[i] as number;
      const length = lengths[i] as number;
      if (start !== position) {
        chunk[at++] = 0;
        at = putLength(chunk, at, start - position);
      }
      position = start + length;
      at = putLength(chunk, at, length);
      const low = (keys[i] as number) >>> 0;
      if (low < LOW_FOLLOWS && highs[i] === 0) chunk[at++] = low;
      else at = putValue(chunk, at, low, highs[i] as number);
    }
    this.#used = at;
    this.#position = position;
  }

  /** Hands out all runs once, and gives their memory back on the way. Each step's runs are valid until the next. */
  *take(): Generator<ContextRuns> {
    const runs = createRuns();
    const cursor: RunCursor = { chunk: new Uint8Array(0), at: 0, position: 0 };
    this.#seal();
    for (let chunk = this.#chunks.shift(); chunk !== undefined; chunk = this.#chunks.shift()) {
      cursor.chunk = chunk;
      cursor.at = 0;
      while (cursor.at < chunk.length) {
        readRuns(cursor, runs);
        if (runs.count < runs.starts.length) continue;
        yield runs;
        runs.count = 0;
      }
    }
    if (runs.count > 0) yield runs;
  }

  #addChunk(): Uint8Array {
    this.#seal();
    const chunk = new Uint8Array(CHUNK_BYTES);
    this.#chunks.push(chunk);
    return chunk;
  }

  /** Cuts the last chunk to what it holds. */
  #seal(): void {
    const last = this.#chunks.pop();
    if (last !== undefined) this.#chunks.push(last.subarray(0, this.#used));
    this.#used = CHUNK_BYTES;
  }
}

/** Writes a length and returns where it ends. */
function putLength(chunk: Uint8Array, from: number, length: number): number {
  const shift = trailingZeros(length);
  let at = from;
  let rest = length / (UNITS[shift] as number);
  if (rest < 4) {
    chunk[at++] = shift | (rest << 5);
    return at;
  }
  let byte = shift | ((rest % 4) << 5);
  for (rest = Math.floor(rest / 4); rest > 0; rest = Math.floor(rest / 128)) {
    chunk[at++] = byte | 0x80;
    byte = rest % 128;
  }
  chunk[at++] = byte;
  return at;
}

function putValue(chunk: Uint8Array, from: number, low: number, high: number): number {
  chunk[from] = high === 0 ? LOW_FOLLOWS : BOTH_FOLLOW;
  const end = putHalf(chunk, from + 1, low);
  return high === 0 ? end : putHalf(chunk, end, high);
}

function putHalf(chunk: Uint8Array, at: number, half: number): number {
  for (let i = 0; i < 4; i++) chunk[at + i] = half >>> (8 * i);
  return at + 4;
}

/** A place in a chunk, and the offset in the export where its run begins. */
interface RunCursor {
  chunk: Uint8Array;
  at: number;
  position: number;
}

/** Adds the runs at the cursor as far as there is room for them. */
function readRuns(cursor: RunCursor, runs: ContextRuns): void {
  const { chunk } = cursor;
  const { starts, lengths, keys, highs } = runs;
  let { at, position } = cursor;
  let { count } = runs;
  let isGap = false;
  while (at < chunk.length && count < starts.length) {
    let byte = chunk[at++] as number;
    const unit = UNITS[byte & 0x1f] as number;
    let length = (byte >> 5) & 3;
    for (let scale = 4; byte & 0x80; scale *= 128) {
      byte = chunk[at++] as number;
      length += (byte & 0x7f) * scale;
    }
    length *= unit;
    if (length === 0 || isGap) {
      position += length;
      isGap = !isGap;
      continue;
    }
    starts[count] = position;
    lengths[count] = length;
    position += length;
    const first = chunk[at++] as number;
    keys[count] = first < LOW_FOLLOWS ? first : half(chunk, at);
    highs[count] = first === BOTH_FOLLOW ? half(chunk, at + 4) : 0;
    if (first >= LOW_FOLLOWS) at += first === BOTH_FOLLOW ? 8 : 4;
    count++;
  }
  cursor.at = at;
  cursor.position = position;
  runs.count = count;
}

function half(chunk: Uint8Array, at: number): number {
  const byte = (i: number) => chunk[at + i] as number;
  return byte(0) | (byte(1) << 8) | (byte(2) << 16) | (byte(3) << 24);
}
