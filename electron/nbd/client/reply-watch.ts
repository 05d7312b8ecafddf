/** Ends a connection whose server keeps a request waiting and does not get on with its reply. */
import { countOf } from '../../../shared/text/offset.ts';
import { fatalError, type NbdError, retryableError } from '../errors.ts';

/** Bytes of a reply that count as getting on, in one time limit: far less than any link carries, far more than a server that stalls sends. */
const MIN_REPLY_BYTES = 4096;

/** What to do: the keys of addresses are in uri.ts. */
const ADVICE =
  'check the server, its storage and the network; to wait longer, add the key reply-timeout=SECONDS to the address';

/** How long a waiting request may make no progress. */
export interface ReplyLimit {
  readonly milliseconds: number;
  /** The address sets it. It is then the time that a person waits: where it passes, nothing is asked again. */
  readonly isGiven: boolean;
}

/** Watches the replies of one connection while requests wait. */
export class ReplyWatch {
  readonly #limit: ReplyLimit;
  readonly #fail: (error: NbdError) => void;
  #timer: NodeJS.Timeout | undefined;
  /** Bytes that came since the time limit began. */
  #received = 0;

  /**
   * `limit`: in which a reply, a context's part of one, or {@link MIN_REPLY_BYTES} of one must come. `fail` gets NBD_SILENT
   * where nothing came, NBD_SLOW where less than that did; the watch has stopped then.
   */
  constructor(limit: ReplyLimit, fail: (error: NbdError) => void) {
    this.#limit = limit;
    this.#fail = fail;
  }

  /** A request waits, and none did before. */
  start(): void {
    this.stop();
    this.#timer = setTimeout(() => this.#end(), this.#limit.milliseconds);
  }

  /** No request waits any more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#received = 0;
  }

  /** So many bytes of replies came. */
  received(bytes: number): void {
    this.#received += bytes;
    if (this.#received >= MIN_REPLY_BYTES) this.gotOn();
  }

  /** A reply came whole, or a part of one that comes once. */
  gotOn(): void {
    this.#received = 0;
    this.#timer?.refresh();
  }

  #end(): void {
    const received = this.#received;
    this.stop();
    const { milliseconds, isGiven } = this.#limit;
    const seconds = countOf(milliseconds / 1000, 'second');
    const silent = isGiven ? fatalError : retryableError;
    this.#fail(
      received === 0
        ? silent('NBD_SILENT', `the server said nothing for ${seconds}`, '', ADVICE)
        : fatalError(
            'NBD_SLOW',
            `the server sent ${countOf(received, 'byte')} in ${seconds}, and no whole reply`,
            '',
            ADVICE,
          ),
    );
  }
}
