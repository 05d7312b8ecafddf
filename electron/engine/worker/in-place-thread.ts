/** An engine in the thread that asks it. */
import type { Engine } from '../engine.ts';
import type { EngineThread } from './engine-thread.ts';
import type { FromEngine, ToEngine } from './protocol.ts';
import { createSystemEngine } from './system-engine.ts';

/** Messages are handed over as they are: both sides take them as read-only, and nothing is copied. */
export class InPlaceThread implements EngineThread {
  readonly #engine: Engine;
  #listener: ((message: FromEngine) => void) | undefined;

  constructor() {
    this.#engine = createSystemEngine(message => this.#listener?.(message));
  }

  /** Only messages come: what the engine does not catch is an error of the whole program. */
  on(event: 'message' | 'error' | 'exit', listener: (value: never) => void): void {
    if (event === 'message') this.#listener = listener as (message: FromEngine) => void;
  }

  postMessage(message: ToEngine): void {
    this.#engine.receive(message);
  }

  /** Ends reading in the background; an answer under way is not heard any more. */
  async terminate(): Promise<void> {
    this.#listener = undefined;
    this.#engine.receive({ kind: 'cancelReading' });
  }
}
