/**
 * The engine: holds one chain and answers questions about it.
 *
 * It runs in a worker thread but knows only a `post` function, so that tests can run it in place. Work is cut into
 * slices of a few milliseconds; between slices messages are taken.
 */
import { errorRecord } from '../../shared/error.ts';
import type { OpenSource } from '../qcow2/read/source.ts';
import { ChunkSender } from './lists/chunk-sender.ts';
import { OpenChain } from './open-chain.ts';
import { type LoadDeepOptions, NO_DECOMPRESSION } from './questions/check.ts';
import type { EnginePlan, FromEngine, ToEngine } from './worker/protocol.ts';

/** Sends a message to the owner of files and sockets; the buffers listed are transferred. */
export type Post = (message: FromEngine, transfer?: ArrayBuffer[]) => void;

/** Takes messages from the owner of files and sockets and posts answers and news. */
export class Engine {
  readonly #post: Post;
  readonly #openSource: OpenSource;
  readonly #deepOptions: LoadDeepOptions;
  readonly #chunks: ChunkSender;
  #chain: OpenChain | undefined;

  /** Images are read through what `openSource` makes of the handles in a plan; deep checks decompress with `deepOptions`. */
  constructor(post: Post, openSource: OpenSource, deepOptions: LoadDeepOptions = NO_DECOMPRESSION) {
    this.#post = post;
    this.#openSource = openSource;
    this.#deepOptions = deepOptions;
    this.#chunks = new ChunkSender(post);
  }

  /** Takes one message. Before a chain is open only `open` has an effect. Never throws. */
  receive(message: ToEngine): void {
    const chain = this.#chain;
    if (message.kind === 'open') this.#open(message.plan);
    else if (chain !== undefined) this.#handle(chain, message);
  }

  #open(plan: EnginePlan): void {
    try {
      const chain = new OpenChain(plan, this.#openSource, this.#deepOptions, this.#post);
      this.#chain = chain;
      chain.start();
    } catch (error) {
      this.#post({ kind: 'failed', error: errorRecord(error) });
    }
  }

  #handle(chain: OpenChain, message: Exclude<ToEngine, { kind: 'open' }>): void {
    switch (message.kind) {
      case 'batch':
        chain.feed(message.layer)?.takeBatch(message.batch);
        return;
      case 'feedEnded':
        chain.feed(message.layer)?.end(message.end);
        return;
      case 'ask':
        void this.#reply(message.id, () => chain.ask(message.question, message.args as never));
        return;
      case 'list':
        void this.#reply(message.id, () =>
          chain.list(message.request, text => this.#chunks.send(message.id, text)),
        );
        return;
      case 'chunkTaken':
        this.#chunks.taken(message.id, message.memory);
        return;
      case 'abortList':
        this.#chunks.abort(message.id);
        return;
      case 'chainFindings':
        chain.addFindings(message.findings);
        return;
      case 'cancelReading':
        chain.cancelReading();
        return;
      case 'resumeReading':
        chain.resumeReading();
        return;
    }
  }

  /** Posts the result of an answer, or its error. */
  async #reply(id: number, answer: () => unknown): Promise<void> {
    try {
      this.#post({ kind: 'reply', id, value: await answer() });
    } catch (error) {
      this.#post({ kind: 'error', id, error: errorRecord(error) });
    } finally {
      this.#chunks.end(id);
    }
  }
}
