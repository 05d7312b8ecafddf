/** A comparison that is kept: made in the background, first by tables and then, when asked for, by content. */
import { type ErrorRecord, errorRecord } from '../../../shared/error.ts';
import type { ExtentsReply, GuestRange, TilesReply, TilesRequest } from '../../../shared/ipc/questions.ts';
import {
  type ComparisonState,
  type ComparisonSums,
  DIFFERENCE_KINDS,
  type DifferencePage,
  type DifferenceSearch,
  type DifferencesRequest,
  type NumberedDifference,
} from '../../../shared/model/comparison.ts';
import type { ChainSession } from '../chain-session.ts';
import { compareDisks } from './compare-disks.ts';
import { ComparedRanges } from './compared-ranges.ts';
import { comparedExtents, comparedTiles } from './comparison-picture.ts';
import { type ComparedDisk, sizeOfDisk } from './guest-cursor.ts';

/** What a comparison uses of a session. */
export type ComparedSession = Pick<ChainSession, 'ask' | 'content' | 'chain' | 'fed' | 'changedLayers'>;

/** A disk of an open session. */
export interface KeptDisk extends ComparedDisk {
  readonly session: ComparedSession;
}

/** Called when more was compared, in [start, end). */
export type NoteChange = (start: number, end: number) => void;

/** Milliseconds between two notes of a change. */
const NOTE_MS = 100;

/** Two disks and what is known of their differences. */
export class Comparison {
  readonly size: number;
  readonly #a: KeptDisk;
  readonly #b: KeptDisk;
  readonly #note: NoteChange;
  readonly #ranges = new ComparedRanges();
  #abort = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #phase: ComparisonState['phase'] = 'tables';
  #at = 0;
  #read = 0;
  #begun = 0;
  #elapsedMs = 0;
  #errors: readonly ErrorRecord[] = [];
  /** The sums of what has ended, also of ranges for which the list has no room. */
  #sums: ComparisonSums | undefined;
  #version = 0;
  /** What changed since the last report. */
  #changed: { start: number; end: number } | undefined;
  #lastNote = 0;

  constructor(a: KeptDisk, b: KeptDisk, note: NoteChange) {
    this.#a = a;
    this.#b = b;
    this.#note = note;
    this.size = Math.max(sizeOfDisk(a), sizeOfDisk(b));
  }

  /** Begins to compare by the tables. */
  start(): void {
    this.#run('tables');
  }

  /** Begins to compare the content of what may differ, from the start. Does nothing while something is compared. */
  compareContent(): void {
    if (this.#phase !== 'ended' && this.#phase !== 'cancelled') return;
    this.#ranges.beginContent();
    this.#run('content');
  }

  /** Ends what is under way; what was compared stays. */
  cancel(): void {
    this.#abort.abort();
  }

  /** Ends what is under way and waits for it. */
  async close(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  get state(): ComparisonState {
    const known = this.#ranges.sums();
    const listed = Object.fromEntries(
      DIFFERENCE_KINDS.map(kind => [kind, known.kinds[kind].ranges]),
    ) as ComparisonState['listed'];
    return {
      phase: this.#phase,
      at: this.#at,
      read: this.#read,
      elapsedMs: Math.round(this.#elapsedMs),
      sums: this.#sums ?? known,
      listed,
      left: this.#ranges.left,
      listedTo: this.#ranges.listedTo,
      errors: this.#errors,
    };
  }

  /** Grows whenever something was compared. */
  get version(): number {
    return this.#version;
  }

  /** True while something is compared. */
  get isRunning(): boolean {
    return this.#phase === 'tables' || this.#phase === 'content';
  }

  tiles(request: TilesRequest): Promise<TilesReply> {
    return comparedTiles(this.#picture, request);
  }

  extents(range: GuestRange): ExtentsReply {
    return comparedExtents(this.#picture, range);
  }

  differences(request: DifferencesRequest): DifferencePage {
    return this.#ranges.page(request);
  }

  find(search: DifferenceSearch): NumberedDifference | undefined {
    return this.#ranges.find(search);
  }

  get #picture() {
    return { ranges: this.#ranges, size: this.size, version: this.#version };
  }

  #run(phase: 'tables' | 'content'): void {
    this.#abort = new AbortController();
    this.#phase = phase;
    this.#at = 0;
    this.#read = 0;
    this.#errors = [];
    this.#sums = undefined;
    this.#begun = performance.now();
    this.#running = this.#compare(phase === 'content', this.#abort.signal);
    this.#tell();
  }

  async #compare(content: boolean, signal: AbortSignal): Promise<void> {
    try {
      // A raw layer is known when all of its server's replies have arrived.
      const feeds = [this.#a, this.#b].map(({ session }) => session.fed());
      const fed = await Promise.race([Promise.all(feeds), rejectedOnAbort(signal)]);
      const table = this.#ranges.newest;
      const { errors, sums } = await compareDisks(this.#a, this.#b, {
        content,
        signal,
        take: () => {},
        takeRange: (end, relation, a, b) => {
          this.#touch(table.end, end);
          table.add(end, relation, a, b);
        },
        progress: ({ at, read }) => {
          this.#at = at;
          this.#read = read;
          if (performance.now() - this.#lastNote >= NOTE_MS) this.#tell();
        },
      });
      if (content) this.#ranges.endContent();
      this.#sums = sums;
      const unread = sums.kinds.unreadable.bytes === 0 ? [] : fed.flat().map(({ error }) => error);
      this.#errors = [...unread, ...errors, ...(await this.#changedFiles())];
      this.#phase = 'ended';
    } catch (error) {
      this.#phase = signal.aborted ? 'cancelled' : 'failed';
      if (!signal.aborted) this.#errors = [errorRecord(error)];
    }
    this.#tell();
  }

  async #changedFiles(): Promise<ErrorRecord[]> {
    const sessions = new Set([this.#a.session, this.#b.session]);
    const errors: ErrorRecord[] = [];
    for (const session of sessions)
      for (const layer of await session.changedLayers()) errors.push(changedError(session, layer));
    return errors;
  }

  #touch(start: number, end: number): void {
    this.#version++;
    this.#changed = {
      start: Math.min(start, this.#changed?.start ?? start),
      end: Math.max(end, this.#changed?.end ?? end),
    };
  }

  #tell(): void {
    this.#lastNote = performance.now();
    this.#elapsedMs = this.#lastNote - this.#begun;
    const { start, end } = this.#changed ?? { start: 0, end: 0 };
    this.#changed = undefined;
    this.#note(start, end);
  }
}

/** Rejects once the signal is aborted. */
function rejectedOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** A file that another program wrote to meanwhile: what was compared may be neither what was nor what is there. */
export function changedError({ chain }: Pick<ComparedSession, 'chain'>, layer: number): ErrorRecord {
  return {
    code: 'COMPARE_CHANGED',
    what: 'the file has changed while it was compared',
    subject: chain.layers[layer]?.path ?? '',
    advice: 'compare again when nothing writes to it',
  };
}
