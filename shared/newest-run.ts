/** Runs of one kind, such as openings of a chain or answers to one question, of which only the newest counts. */
export class NewestRun {
  #current: { readonly onSuperseded: (() => void) | undefined } | undefined;

  /**
   * Begins a run. The one before it is superseded: its `onSuperseded` is called, unless it has ended. The returned
   * function tells whether this run is still the newest.
   */
  begin(onSuperseded?: () => void): () => boolean {
    this.end();
    const run = { onSuperseded };
    this.#current = run;
    return () => this.#current === run;
  }

  /** Supersedes the newest run, and none takes its place. */
  end(): void {
    const run = this.#current;
    this.#current = undefined;
    run?.onSuperseded?.();
  }
}
