/** What the engine sends without a request: ranges that changed, progress of reading, and findings. */
import type { GuestRange } from '../../shared/ipc/questions.ts';
import type { LayerProgress } from '../../shared/model/progress.ts';
import type { FindingLog } from './findings/finding-log.ts';
import { Throttle } from './throttle.ts';
import type { FromEngine } from './worker/protocol.ts';

/** Shortest time between two pushes of one kind, in milliseconds. */
export const PUSH_INTERVAL_MS = 50;

/** What the pushes of a chain report. */
export interface PushSources {
  /** The version of the merged picture. */
  version(): number;
  progress(): readonly LayerProgress[];
  readonly findings: FindingLog;
}

/** The pushes of one chain, all of them through one throttle. */
export class ChainPushes {
  readonly #post: (message: FromEngine) => void;
  readonly #sources: PushSources;
  readonly #throttle = new Throttle(PUSH_INTERVAL_MS, () => this.#send());
  #changedFrom = Number.POSITIVE_INFINITY;
  #changedTo = 0;
  /** The number of changes of the findings that was last pushed. */
  #reportedChanges = 0;

  constructor(post: (message: FromEngine) => void, sources: PushSources) {
    this.#post = post;
    this.#sources = sources;
  }

  /** Notes that something was read in a range; the next push reports it. */
  noteChange({ start, end }: GuestRange): void {
    this.#changedFrom = Math.min(this.#changedFrom, start);
    this.#changedTo = Math.max(this.#changedTo, end);
  }

  /** Requests a push of what is new. */
  request(): void {
    this.#throttle.request();
  }

  /** Pushes everything now. */
  flush(): void {
    this.#throttle.flush();
  }

  #send(): void {
    const { findings } = this.#sources;
    if (this.#changedTo > 0) {
      const range = { start: this.#changedFrom, end: this.#changedTo };
      this.#post({ kind: 'changed', version: this.#sources.version(), ...range });
    }
    this.#changedFrom = Number.POSITIVE_INFINITY;
    this.#changedTo = 0;
    this.#post({ kind: 'progress', layers: this.#sources.progress() });
    const { changes } = findings;
    if (changes === this.#reportedChanges) return;
    this.#reportedChanges = changes;
    this.#post({ kind: 'findings', summary: findings.summary() });
  }
}
