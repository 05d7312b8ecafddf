/** Work that has time: it runs when the window is not being used, so that it delays no frame. */

/** An action that runs once after each run of requests, as soon as nothing has happened in the window for a while. */
export class IdleTask {
  readonly #idleMs: number;
  readonly #stillFor: () => number;
  readonly #action: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `idleMs`: milliseconds without activity before the action; `stillFor`: milliseconds since the last activity. */
  constructor(idleMs: number, stillFor: () => number, action: () => void) {
    this.#idleMs = idleMs;
    this.#stillFor = stillFor;
    this.#action = action;
  }

  /** Requests the action, no sooner than `idleMs` from now. Requests that wait already are met by the same run. */
  request(): void {
    this.#timer ??= setTimeout(() => this.#runWhenIdle(), this.#idleMs);
  }

  #runWhenIdle(): void {
    const rest = this.#idleMs - this.#stillFor();
    this.#timer = rest > 0 ? setTimeout(() => this.#runWhenIdle(), rest) : undefined;
    if (this.#timer === undefined) this.#action();
  }
}
