/** State of the program in small JSON files in its own folder, such as the list of recent targets. Never images, never secrets. */
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  decodeState,
  encodeState,
  type StateFormat,
  type StateProblem,
} from '../../../shared/stored/stored-state.ts';

const MAX_BYTES = 256 * 1024;

/** Called with the reason why a file was not taken over. `keptAs`: where it was moved to; absent where it stays. */
export type OnStateProblem = (problem: StateProblem, keptAs?: string) => void;

/** One file of state. */
export class StateFile<T extends object> {
  readonly #path: string;
  readonly #format: StateFormat<T>;
  /** A newer version has written the file: it is not ours to change. */
  #isNewer = false;

  constructor(path: string, format: StateFormat<T>) {
    this.#path = path;
    this.#format = format;
  }

  /**
   * What is stored; undefined where nothing is stored, and where it is not taken over: `onProblem` is then called with
   * the reason. What an older version has stored is stored again in the newest version; what cannot be read is moved
   * aside, and takes the place of what was there before.
   */
  read(onProblem: OnStateProblem): T | undefined {
    const text = readText(this.#path);
    if (text === undefined) return undefined;
    const stored = decodeState(this.#format, text);
    if (stored.kind === 'valid') {
      if (stored.isOlder) this.write(stored.value);
      return stored.value;
    }
    this.#isNewer = stored.kind === 'newer';
    if (this.#isNewer) onProblem('newer');
    else onProblem('broken', moveAside(this.#path));
    return undefined;
  }

  /**
   * Stores `value` in place of what is there, readable by its owner only, so that a crash leaves the old or the new. What
   * a newer version has stored stays, and a file that cannot be written is no reason to fail: state then lasts for the run.
   */
  write(value: T): void {
    if (this.#isNewer) return;
    const draft = `${this.#path}.${process.pid}.new`;
    try {
      mkdirSync(dirname(this.#path), { recursive: true });
      writeFileSync(draft, encodeState(this.#format, value), { mode: 0o600, flag: 'wx' });
      renameSync(draft, this.#path);
    } catch {
      discard(draft);
    }
  }
}

function discard(draft: string): void {
  try {
    rmSync(draft, { force: true });
  } catch {
    // A profile that is no folder has no draft in it.
  }
}

/** The text of a file; empty where it is too large to be ours, undefined where there is none that can be read. */
function readText(path: string): string | undefined {
  try {
    return statSync(path).size > MAX_BYTES ? '' : readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** Moves a file aside. Returns its new path, undefined where it stays. */
function moveAside(path: string): string | undefined {
  const aside = `${path}.broken`;
  try {
    renameSync(path, aside);
    return aside;
  } catch {
    return undefined;
  }
}
