/** Sends lists in chunks, one of each list at a time, so that a slow taker bounds the memory they need. */
import { CowscopeError } from '../../../shared/error.ts';
import type { FromEngine } from '../worker/protocol.ts';

/** The chunks of the lists that are being written, by the number of their request. */
export class ChunkSender {
  readonly #post: (message: FromEngine, transfer: ArrayBuffer[]) => void;
  readonly #waiting = new Map<number, (memory: ArrayBuffer | undefined) => void>();
  readonly #aborted = new Set<number>();

  constructor(post: (message: FromEngine, transfer: ArrayBuffer[]) => void) {
    this.#post = post;
  }

  /**
   * Sends a chunk and resolves when it was taken, with its memory where that was handed back. Rejects with CANCELLED once
   * the list was aborted.
   */
  send(id: number, text: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer | undefined> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, memory => {
        if (this.#aborted.has(id)) reject(LIST_CANCELLED);
        else resolve(memory);
      });
      this.#post({ kind: 'chunk', id, text }, [text.buffer]);
    });
  }

  /** The chunk under way was taken. */
  taken(id: number, memory: ArrayBuffer | undefined): void {
    this.#waiting.get(id)?.(memory);
  }

  /** The list is not wanted any more. */
  abort(id: number): void {
    this.#aborted.add(id);
    this.#waiting.get(id)?.(undefined);
  }

  /** The list has ended, for whatever reason. */
  end(id: number): void {
    this.#waiting.delete(id);
    this.#aborted.delete(id);
  }
}

const LIST_CANCELLED = new CowscopeError({
  code: 'CANCELLED',
  what: 'the list was cancelled',
  subject: '',
  advice: '',
});
