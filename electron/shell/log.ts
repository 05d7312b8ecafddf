/**
 * The program's log: what happened, by code and number, in a small file that is replaced when it is full. What
 * an image, a server or a person names never gets into it: an entry has no field for such a text.
 */
import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errorRecord } from '../../shared/error.ts';
import type { StateProblem } from '../../shared/stored/stored-state.ts';

/** Largest file in bytes; then it becomes the former one, which is replaced. */
export const MAX_LOG_BYTES = 256 * 1024;

/** Latest entries that are kept for diagnostics. */
const KEPT_ENTRIES = 100;

/** Names in our own bundles, with line and column: `main.cjs:12:5`. */
const PLACE = /[\w-]+\.(?:cjs|js):\d+:\d+/;
const MAX_PLACES = 6;

const CODE = /^[A-Z][A-Z0-9_]{0,63}$/;

/** What is logged, and the fields of each. Texts are Electron's, the system's or ours. */
export interface LogEvents {
  readonly started: {
    readonly version: string;
    readonly electron: string;
    readonly platform: string;
    readonly arch: string;
  };
  readonly opened: { readonly layers: number };
  /** `at`: where in the program, innermost first; empty for an error that is expected. */
  readonly error: { readonly code: string; readonly at: readonly string[] };
  /** State of an earlier run was not taken over: which, and why. */
  readonly state: { readonly name: 'recent' | 'window'; readonly problem: StateProblem };
  /** A process of the program is gone. */
  readonly gone: { readonly process: string; readonly reason: string; readonly exitCode: number };
}

/** The log of one run. */
export class Log {
  #folder: string | undefined;
  readonly #recent: string[] = [];

  /** Writes what there is, and what comes, into files of `folder`. Until then entries are kept in memory alone. */
  writeTo(folder: string): void {
    this.#folder = folder;
    for (const entry of this.#recent) this.#write(entry);
  }

  /** The latest entries, oldest first, a JSON document each. */
  get recent(): readonly string[] {
    return this.#recent;
  }

  /** Adds an entry. A file that cannot be written is no reason to fail. */
  note<E extends keyof LogEvents>(event: E, fields: LogEvents[E]): void {
    const entry = JSON.stringify({ time: new Date().toISOString(), event, ...fields });
    this.#recent.push(entry);
    if (this.#recent.length > KEPT_ENTRIES) this.#recent.shift();
    this.#write(entry);
  }

  /** Adds an error: its code, and where it came from; its words may hold names. */
  noteError(thrown: unknown): void {
    const { code } = errorRecord(thrown);
    this.note('error', { code: CODE.test(code) ? code : 'UNKNOWN', at: placesOf(thrown) });
  }

  #write(entry: string): void {
    if (this.#folder === undefined) return;
    try {
      append(this.#folder, `${entry}\n`);
    } catch {
      // A read-only profile keeps the entries of this run alone.
    }
  }
}

function append(folder: string, line: string): void {
  const file = join(folder, 'cowscope.log');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > 0 && size + line.length > MAX_LOG_BYTES) renameSync(file, join(folder, 'cowscope.1.log'));
  appendFileSync(file, line, { mode: 0o600 });
}

/** Places in our own bundles that an error's stack names. The stack's first lines hold the message and are left out. */
function placesOf(thrown: unknown): string[] {
  if (!(thrown instanceof Error) || thrown.stack === undefined) return [];
  const frames = thrown.stack.split('\n').filter(line => /^ {4}at /.test(line));
  return frames
    .flatMap(line => PLACE.exec(line.slice(line.lastIndexOf('/') + 1))?.[0] ?? [])
    .slice(0, MAX_PLACES);
}
