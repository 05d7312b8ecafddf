/** Requests of which only so many may be in flight wait here. */

interface Waiting {
  readonly most: number;
  readonly begin: () => void;
}

/** A queue of requests; each waits, in the order of asking, until fewer than its own limit are in flight. */
export class RequestQueue {
  #inFlight = 0;
  readonly #waiting: Waiting[] = [];

  /**
   * Resolves when fewer than `most` requests are in flight; then this one counts as in flight until {@link release}.
   * When the signal aborts first, it rejects with what `onAbort` returns and needs no release.
   */
  acquire(most: number, signal: AbortSignal | undefined, onAbort: () => Error): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(turn), 1);
        reject(onAbort());
        this.#beginWaiting();
      };
      const turn = {
        most,
        begin() {
          signal?.removeEventListener('abort', leave);
          resolve();
        },
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.#waiting.push(turn);
      this.#beginWaiting();
    });
  }

  /** A request that had its turn is over. */
  release(): void {
    this.#inFlight--;
    this.#beginWaiting();
  }

  #beginWaiting(): void {
    const waiting = this.#waiting;
    for (let [first] = waiting; first !== undefined && this.#inFlight < first.most; [first] = waiting) {
      waiting.shift();
      this.#inFlight++;
      first.begin();
    }
  }
}
