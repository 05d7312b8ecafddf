/**
 * Tables read before they are needed, several at once, for storage where each read takes long: a cold disk, a network
 * file system. Where reads are fast nothing is staged, and a read costs one look at the clock more.
 *
 * Tables are asked for and read in batches. One batch is shown and decoded while the next one is read.
 */
import type { ImageSource } from '../source.ts';

/** A read that takes longer came from slow storage: 256 KiB from the page cache take a tenth of that. */
const SLOW_READ_MS = 0.5;
/** Slow reads, less the fast ones between them, that make a source slow: one alone may have waited for a processor. */
const SLOW_READS = 4;
/** Reads under way at once. */
export const READS_IN_FLIGHT = 32;
/** Memory of a batch; two of them are there at once. */
const MAX_BATCH_BYTES = 2 ** 23;
/** Bytes read at once at most, where tables lie close to each other. */
const MAX_JOINED_BYTES = 2 ** 18;
/** Tables with less than this between them are read in one go: cheaper than a second read. */
const READ_THROUGH_BYTES = 2 ** 14;

const NO_BYTES = new Uint8Array(0);

/** A stretch of a file that was read, or is to be read. */
interface Stretch {
  readonly source: ImageSource;
  readonly position: number;
  /** Bytes asked for, and those that the file had there: -1 until they are read. */
  readonly asked: number;
  length: number;
  bytes: Uint8Array;
}

/** Tables that are read together. */
export interface TableBatch {
  readonly stretches: readonly Stretch[];
  /** What they are read into. */
  readonly memory: Uint8Array;
  /** True once no read is under way any more. */
  isRead: boolean;
  /** Resolves when they are read, whether that succeeded or not. Never rejects. */
  readonly done: Promise<void>;
}

/** What was asked for of one source last, and where the read ends that it would be part of. */
interface LastRequest {
  readonly position: number;
  readonly asked: number;
  readonly start: number;
  readonly end: number;
}

/** The staged tables of all layers of a chain. */
export class TableStage {
  /** Slow reads of each source, less the fast ones. */
  readonly #slowReads = new Map<ImageSource, number>();
  readonly #slow = new Set<ImageSource>();
  /** Asked for and not read yet: the next batch, the reads that it takes, and its bytes. */
  #requests: Stretch[] = [];
  #last = new Map<ImageSource, LastRequest>();
  #reads = 0;
  #bytes = 0;
  /** What was read and is shown. */
  #shown: TableBatch | undefined;
  /** Memory of a batch that is not shown any more, for the next one: new memory costs as much as reading into it. */
  #spare: Uint8Array = NO_BYTES;

  /** True where reading ahead pays for any of the sources: its reads were slow, and it can read without blocking. */
  get isUseful(): boolean {
    return this.#slow.size > 0;
  }

  /** Takes note of how long one read took, in milliseconds. */
  noteRead(source: ImageSource, ms: number): void {
    if (source.readLater === undefined || this.#slow.has(source)) return;
    const known = this.#slowReads.get(source) ?? 0;
    const reads = ms > SLOW_READ_MS ? known + 1 : Math.max(0, known - 1);
    this.#slowReads.set(source, reads);
    if (reads >= SLOW_READS) this.#slow.add(source);
  }

  /** Asks for a table of a slow source, unless it was asked for. False where the batch has no room for it. */
  request(source: ImageSource, position: number, length: number): boolean {
    const last = this.#last.get(source);
    if (!this.#slow.has(source) || (last?.position === position && last.asked === length)) return true;
    const isJoined =
      last !== undefined &&
      position >= last.start &&
      position - last.end < READ_THROUGH_BYTES &&
      position + length - last.start <= MAX_JOINED_BYTES;
    if (this.#bytes + length > MAX_BATCH_BYTES) return false;
    if (!isJoined) this.#reads++;
    this.#bytes += length;
    this.#requests.push(stretchAt(source, position, length));
    const end = position + length;
    this.#last.set(source, { position, asked: length, start: isJoined ? last.start : position, end });
    return true;
  }

  /**
   * Has `ask` ask for everything that belongs together. Where there is no room for all of it, or where a batch that holds
   * something already would take more reads than are under way at once, returns false; a batch that holds something forgets
   * what was asked for then.
   */
  requestTogether(ask: () => boolean): boolean {
    const [reads, bytes, last, count] = [
      this.#reads,
      this.#bytes,
      new Map(this.#last),
      this.#requests.length,
    ];
    const isFirst = count === 0;
    if (ask() && (isFirst || this.#reads <= READS_IN_FLIGHT)) return true;
    if (isFirst) return false; // a part is better than nothing
    this.#reads = reads;
    this.#bytes = bytes;
    this.#last = last;
    this.#requests.length = count;
    return false;
  }

  /** Begins to read what was asked for. What cannot be read is not staged. */
  begin(): TableBatch {
    const stretches = joined(this.#requests);
    this.#forgetRequests();
    const memory = this.#memoryFor(stretches);
    const done = readAll(stretches).then(() => {
      batch.isRead = true;
    });
    const batch: TableBatch = { stretches, memory, isRead: false, done };
    return batch;
  }

  /** Has what a batch read at hand, in place of the batch before. */
  show(batch: TableBatch): void {
    this.#hide();
    this.#shown = batch;
  }

  /** Bytes from `position` on that are staged; 0 where none are. */
  lengthAt(source: ImageSource, position: number): number {
    const stretch = this.#find(source, position, 1);
    return stretch === undefined ? 0 : stretch.position + stretch.asked - position;
  }

  /** Copies a part of a stretch into `into`; returns the bytes that the file had there, -1 where they are not staged. */
  take(source: ImageSource, into: Uint8Array, position: number): number {
    const stretch = this.#find(source, position, into.length);
    if (stretch === undefined) return -1;
    const from = position - stretch.position;
    const length = Math.max(0, Math.min(into.length, stretch.length - from));
    into.set(stretch.bytes.subarray(from, from + length));
    into.fill(0, length);
    return length;
  }

  /** Forgets everything that was asked for or read: a file may change. */
  clear(): void {
    this.#forgetRequests();
    this.#hide();
  }

  /** As {@link clear}, and keeps no memory. */
  release(): void {
    this.clear();
    this.#spare = NO_BYTES;
  }

  /** Gives each stretch its part of the memory of a batch, which it returns. */
  #memoryFor(stretches: readonly Stretch[]): Uint8Array {
    const needed = stretches.reduce((sum, { asked }) => sum + asked, 0);
    const memory = this.#spare.length < needed ? new Uint8Array(needed) : this.#spare;
    this.#spare = NO_BYTES;
    let at = 0;
    for (const stretch of stretches) {
      stretch.bytes = memory.subarray(at, at + stretch.asked);
      at += stretch.asked;
    }
    return memory;
  }

  /** Shows nothing any more. The memory is used again, unless something is still read into it. */
  #hide(): void {
    const { isRead, memory } = this.#shown ?? { isRead: false, memory: NO_BYTES };
    if (isRead && memory.length > this.#spare.length) this.#spare = memory;
    this.#shown = undefined;
  }

  #forgetRequests(): void {
    this.#requests = [];
    this.#last = new Map();
    this.#reads = 0;
    this.#bytes = 0;
  }

  #find(source: ImageSource, position: number, length: number): Stretch | undefined {
    return this.#shown?.stretches.find(
      stretch =>
        stretch.source === source &&
        stretch.length >= 0 &&
        stretch.position <= position &&
        position + length <= stretch.position + stretch.asked,
    );
  }
}

function stretchAt(source: ImageSource, position: number, asked: number): Stretch {
  return { source, position, asked, length: -1, bytes: NO_BYTES };
}

/** Stretches of one source that lie close to each other as one. */
function joined(stretches: readonly Stretch[]): Stretch[] {
  const found: Stretch[] = [];
  for (const source of new Set(stretches.map(stretch => stretch.source))) {
    const own = stretches.filter(stretch => stretch.source === source);
    own.sort((a, b) => a.position - b.position);
    let current: Stretch | undefined;
    for (const { position, asked } of own) {
      const start: number = current?.position ?? position;
      const end: number = start + (current?.asked ?? 0);
      const length = Math.max(end, position + asked) - start;
      if (position - end < READ_THROUGH_BYTES && length <= MAX_JOINED_BYTES) {
        current = stretchAt(source, start, length);
        continue;
      }
      if (current !== undefined) found.push(current);
      current = stretchAt(source, position, asked);
    }
    if (current !== undefined) found.push(current);
  }
  return found;
}

/** Reads stretches, a bounded number at once. */
async function readAll(stretches: readonly Stretch[]): Promise<void> {
  const waiting = [...stretches];
  const readOn = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await fill(next);
  };
  await Promise.all(Array.from({ length: READS_IN_FLIGHT }, readOn));
}

async function fill(stretch: Stretch): Promise<void> {
  const { source, position, asked, bytes } = stretch;
  try {
    let done = 0;
    while (done < asked) {
      const got = (await source.readLater?.(bytes.subarray(done), position + done)) ?? 0;
      if (got === 0) break;
      done += got;
    }
    stretch.length = done;
  } catch {
    // the read that cannot wait meets the same error and reports it
  }
}
