/**
 * Compares two disks as the guest reads them: first what the tables say of each range, then, where that is wanted and the
 * tables leave it open, the bytes. Memory is bounded whatever the size of the disks, and rows come in ascending order.
 */

import {
  contentOf,
  isLostData,
  type Relation,
  relationOf,
  relationOfEqual,
} from '../../../shared/compare/differences.ts';
import { CowscopeError, type ErrorRecord, errorRecord } from '../../../shared/error.ts';
import type { ComparisonSums, Difference } from '../../../shared/model/comparison.ts';
import { nextTurn } from '../../../shared/scheduler.ts';
import { formatOffset } from '../../../shared/text/offset.ts';
import type { ContentReader } from '../content/content-source.ts';
import { DifferenceRows, type RowSide, type TakeRange } from './difference-rows.ts';
import { type ComparedDisk, type DiskRun, GuestCursor } from './guest-cursor.ts';

/** How far a comparison has come. */
export interface ComparisonProgress {
  /** Bytes of the disk that were compared, of `size`. */
  readonly at: number;
  readonly size: number;
  /** Bytes of content that were read, of both disks together. */
  readonly read: number;
}

/** How to compare. */
export interface CompareOptions {
  /** Compare the bytes of what may differ. */
  readonly content: boolean;
  /** Gets rows in ascending order; the next batch comes when this one was taken. */
  take(rows: readonly Difference[]): Promise<void> | void;
  /** Gets every range as it is decided, ascending from 0 on and without gaps. */
  readonly takeRange?: TakeRange;
  progress?(progress: ComparisonProgress): void;
  readonly signal: AbortSignal;
}

/** What a comparison came to. */
export interface ComparisonResult {
  readonly sums: ComparisonSums;
  /** Bytes that one disk or both have lost: {@link isLostData}. */
  readonly lost: number;
  /** Why content could not be compared: the first errors of each code. */
  readonly errors: readonly ErrorRecord[];
}

/** Bytes of content of one disk in memory at most. */
const WINDOW_BYTES = 2 ** 21;
/** Ranges that are decided together. */
const WINDOW_PARTS = 4096;
/** Reads of one disk at a time. */
const READS_AT_ONCE = 8;
/** The unit in which content is compared: sectors, as in qemu-img. */
const SECTOR_BYTES = 512;
/** After a failed read the range is read again in pieces of this size, so that what can be read is compared. */
const RETRY_BYTES = 65_536;
/** Longest stretch of work between two turns, in milliseconds. */
const SLICE_MS = 8;
/** Errors kept of each code. */
const MAX_ERRORS = 4;

/** A range whose sides are each of one kind. */
interface Part {
  readonly start: number;
  readonly end: number;
  readonly a: DiskRun;
  readonly b: DiskRun;
  relation: Relation;
}

/** Compares two disks. Rejects with CANCELLED once the signal has ended it, or with what the engine throws. */
export async function compareDisks(
  a: ComparedDisk,
  b: ComparedDisk,
  options: CompareOptions,
): Promise<ComparisonResult> {
  const readers: ContentReader[] = [];
  try {
    if (options.content)
      for (const { session } of [a, b]) readers.push(await session.content.open(options.signal));
    return await new Comparison(new GuestCursor(a), new GuestCursor(b), readers, options).run();
  } finally {
    await Promise.allSettled(readers.map(reader => reader.close()));
  }
}

class Comparison {
  readonly #a: GuestCursor;
  readonly #b: GuestCursor;
  /** Of both disks; empty where content is not compared. */
  readonly #readers: readonly ContentReader[];
  readonly #options: CompareOptions;
  readonly #size: number;
  readonly #rows: DifferenceRows;
  readonly #errors = new Map<string, ErrorRecord[]>();
  #batch: Difference[] = [];
  #parts: Part[] = [];
  /** Bytes of content that the parts need of one disk. */
  #wanted = 0;
  #read = 0;
  #lost = 0;
  #buffers: readonly [Uint8Array, Uint8Array] | undefined;
  #sliceEnd = performance.now() + SLICE_MS;

  constructor(a: GuestCursor, b: GuestCursor, readers: readonly ContentReader[], options: CompareOptions) {
    this.#a = a;
    this.#b = b;
    this.#readers = readers;
    this.#options = options;
    this.#size = Math.max(a.size, b.size);
    this.#rows = new DifferenceRows(row => this.#batch.push(row));
  }

  async run(): Promise<ComparisonResult> {
    for (let at = 0; at < this.#size; ) {
      this.#throwIfAborted();
      // Also where the disks are alike for long, so that few parts are gathered.
      this.#options.progress?.({ at, size: this.#size, read: this.#read });
      for (const cursor of [this.#a, this.#b])
        if (cursor.loadedEnd <= at && at < cursor.size) await cursor.load(at);
      const end = Math.min(this.#a.loadedEnd, this.#b.loadedEnd, this.#size);
      if (end <= at) throw stuck(at);
      while (at < end) {
        at = this.#addPart(at, end);
        if (this.#parts.length >= WINDOW_PARTS || this.#wanted >= WINDOW_BYTES) await this.#decide(at);
      }
    }
    await this.#decide(this.#size);
    this.#rows.finish();
    await this.#handOut();
    return { sums: this.#rows.sums(), lost: this.#lost, errors: [...this.#errors.values()].flat() };
  }

  /** Adds what lies at `at`, as far as both sides go on and there is room for its content. Returns where that ended. */
  #addPart(at: number, limit: number): number {
    const a = this.#a.runAt(at);
    const b = this.#b.runAt(at);
    let end = Math.min(a.end, b.end, limit);
    const relation = relationOf(a, b);
    if (relation === 'mayDiffer' && this.#readers.length > 0) {
      end = Math.min(end, at + WINDOW_BYTES - this.#wanted);
      this.#wanted += end - at;
    }
    this.#parts.push({ start: at, end, a, b, relation });
    return end;
  }

  /** Decides the parts that were gathered and hands their rows on. */
  async #decide(at: number): Promise<void> {
    const parts = this.#parts;
    this.#parts = [];
    if (this.#wanted > 0) await this.#compareContent(parts);
    else for (const part of parts) this.#addWhole(part);
    this.#wanted = 0;
    await this.#handOut();
    this.#options.progress?.({ at, size: this.#size, read: this.#read });
    if (performance.now() < this.#sliceEnd) return;
    await nextTurn();
    this.#sliceEnd = performance.now() + SLICE_MS;
  }

  async #handOut(): Promise<void> {
    if (this.#batch.length === 0) return;
    const batch = this.#batch;
    this.#batch = [];
    await this.#options.take(batch);
  }

  #addWhole({ start, end, relation, a, b }: Part): void {
    this.#add(start, end, relation, a, b);
  }

  #add(start: number, end: number, relation: Relation, a: RowSide, b: RowSide): void {
    if (isLostData(a.word) || isLostData(b.word)) this.#lost += end - start;
    this.#rows.add(start, end, relation, a, b);
    this.#options.takeRange?.(end, relation, a, b);
  }

  /** Reads what the tables leave open of the parts and compares it, in order. */
  async #compareContent(parts: readonly Part[]): Promise<void> {
    this.#buffers ??= [new Uint8Array(WINDOW_BYTES), new Uint8Array(WINDOW_BYTES)];
    const [bytesOfA, bytesOfB] = this.#buffers;
    const open: { readonly part: Part; readonly from: number; readonly failed: number[] }[] = [];
    let used = 0;
    for (const part of parts) {
      if (part.relation !== 'mayDiffer') continue;
      open.push({ part, from: used, failed: [] });
      used += part.end - part.start;
    }
    const jobs = open.flatMap(({ part, from, failed }) => {
      const length = part.end - part.start;
      return [
        () => this.#fill(0, bytesOfA.subarray(from, from + length), part.a, failed),
        () => this.#fill(1, bytesOfB.subarray(from, from + length), part.b, failed),
      ];
    });
    await inTurns(jobs, 2 * READS_AT_ONCE);
    this.#throwIfAborted();
    let next = 0;
    for (const part of parts) {
      const entry = open[next];
      if (entry?.part !== part) {
        this.#addWhole(part);
        continue;
      }
      next++;
      const length = part.end - part.start;
      const a = bytesOfA.subarray(entry.from, entry.from + length);
      const b = bytesOfB.subarray(entry.from, entry.from + length);
      this.#addCompared(part, a, b, new Set(entry.failed));
    }
  }

  /** Adds a part whose bytes were read, but for the pieces of RETRY_BYTES whose numbers are in `failed`. */
  #addCompared(part: Part, a: Uint8Array, b: Uint8Array, failed: ReadonlySet<number>): void {
    const equal = relationOfEqual(part.a.word, part.b.word);
    const { start } = part;
    for (let from = 0; from < a.length; ) {
      const piece = Math.floor(from / RETRY_BYTES);
      const to = failed.size === 0 ? a.length : Math.min(a.length, (piece + 1) * RETRY_BYTES);
      if (failed.has(piece)) this.#add(start + from, start + to, 'unreadable', part.a, part.b);
      else
        for (const [at, end, differs] of comparedRuns(a, b, from, to, start))
          this.#add(start + at, start + end, differs ? 'content' : equal, part.a, part.b);
      from = to;
    }
  }

  /** Fills `into` with the content of a run; the pieces of it that cannot be read are noted in `failed`. */
  async #fill(side: 0 | 1, into: Uint8Array, run: DiskRun, failed: number[]): Promise<void> {
    if (contentOf(run.word) === 'zeros') {
      into.fill(0);
      return;
    }
    const reader = this.#readers[side] as ContentReader;
    const { signal } = this.#options;
    try {
      await reader.read(into, run, signal);
      this.#read += into.length;
      return;
    } catch (error) {
      if (signal.aborted) return;
      if (into.length <= RETRY_BYTES) {
        failed.push(0);
        this.#noteError(error);
        return;
      }
    }
    for (let from = 0; from < into.length && !signal.aborted; from += RETRY_BYTES) {
      const piece = into.subarray(from, from + RETRY_BYTES);
      const host = run.host < 0 ? -1 : run.host + from;
      try {
        await reader.read(piece, { ...run, offset: run.offset + from, host }, signal);
        this.#read += piece.length;
      } catch (error) {
        failed.push(from / RETRY_BYTES);
        this.#noteError(error);
      }
    }
  }

  #noteError(error: unknown): void {
    const record = errorRecord(error);
    const known = this.#errors.get(record.code) ?? [];
    this.#errors.set(record.code, known);
    if (known.length < MAX_ERRORS) known.push(record);
  }

  #throwIfAborted(): void {
    if (this.#options.signal.aborted) throw CANCELLED;
  }
}

/** Runs of equal and of different sectors of [from, to); sectors are those of the disk, on which the bytes begin at `origin`. */
function* comparedRuns(
  a: Uint8Array,
  b: Uint8Array,
  from: number,
  to: number,
  origin: number,
): Generator<readonly [start: number, end: number, differs: boolean]> {
  if (differ(a, b, from, to)) {
    let start = from;
    let differs: boolean | undefined;
    for (let at = from; at < to; ) {
      const end = Math.min(to, at + SECTOR_BYTES - ((origin + at) % SECTOR_BYTES));
      const isDifferent = differ(a, b, at, end);
      if (differs !== undefined && isDifferent !== differs) {
        yield [start, at, differs];
        start = at;
      }
      differs = isDifferent;
      at = end;
    }
    yield [start, to, differs === true];
  } else yield [from, to, false];
}

function differ(a: Uint8Array, b: Uint8Array, from: number, to: number): boolean {
  return Buffer.compare(a.subarray(from, to), b.subarray(from, to)) !== 0;
}

/** Runs jobs in order, so many of them at a time. */
async function inTurns(jobs: readonly (() => Promise<void>)[], atOnce: number): Promise<void> {
  let next = 0;
  const work = async () => {
    while (next < jobs.length) await jobs[next++]?.();
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, jobs.length) }, work));
}

const CANCELLED = new CowscopeError({
  code: 'CANCELLED',
  what: 'the comparison was cancelled',
  subject: '',
  advice: '',
});

/** The tables of a disk gave nothing for a place inside of it. */
function stuck(offset: number): CowscopeError {
  return new CowscopeError({
    code: 'COMPARE_STUCK',
    what: `nothing is known of offset ${formatOffset(offset)}, though the disk reaches it`,
    subject: '',
    advice: 'please report this with the steps that led here',
  });
}
