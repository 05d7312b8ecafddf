/** What the engine's client needs of the thread that the engine runs in. */
import type { FromEngine, ToEngine } from './protocol.ts';

/** A thread with an engine. A worker thread is one; so is an engine that runs in place. */
export interface EngineThread {
  on(event: 'message', listener: (message: FromEngine) => void): unknown;
  /** The thread has failed, by an error that the engine did not catch. */
  on(event: 'error', listener: (error: unknown) => void): unknown;
  on(event: 'exit', listener: (code: number) => void): unknown;
  /** Hands a message to the engine; the buffers listed may be transferred. */
  postMessage(message: ToEngine, transfer: ArrayBuffer[]): void;
  /** Ends the engine. Resolves when it reads no file any more. */
  terminate(): Promise<unknown>;
}
