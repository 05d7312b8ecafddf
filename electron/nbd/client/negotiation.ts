/**
 * The option phase of a connection: the greeting, then one option at a time. The server speaks only when asked, so bytes
 * behind a final reply are a protocol error; this also prevents plain text from being injected before TLS.
 */
import {
  cancelled,
  fatalError,
  type NbdError,
  protocolError,
  retryableError,
  serverText,
} from '../errors.ts';
import { OptionParser, type OptionReply, optionFrame } from '../wire/option-frames.ts';
import { HANDSHAKE, OPTION_REPLY } from '../wire/protocol.ts';
import type { Transport } from './transport.ts';

/** The final answer to an option, and what came before it. */
export interface OptionOutcome {
  /** Data of the replies before the final one, all of the type asked for. */
  readonly replies: readonly Uint8Array[];
  /** Type of the final reply: ACK or an error type. */
  readonly final: number;
  /** The server's text beside an error, safe to print. */
  readonly text: string;
}

/** Most replies and bytes that one option may be answered with (a LIST of 65,536 exports is the largest we read). */
const MAX_REPLIES = 65_536;
const MAX_REPLY_BYTES = 2 ** 24;

/** How qemu (2.6 to 10) refuses an option that it does not know: nbd_negotiate_options in nbd/server.c. */
const QEMU_REFUSAL = /^Unsupported option /;

/** An option that was sent and is not answered yet. */
interface AskedOption {
  readonly option: number;
  readonly replyType: number;
  readonly replies: Uint8Array[];
  bytes: number;
  readonly resolve: (outcome: OptionOutcome) => void;
  readonly reject: (error: NbdError) => void;
}

/** The option phase over a transport. */
export class Negotiation {
  readonly transport: Transport;
  #asked: AskedOption | undefined;
  #isGreeted = false;
  #roundTrip = Number.POSITIVE_INFINITY;
  #looksLikeQemu = false;

  private constructor(transport: Transport) {
    this.transport = transport;
  }

  /**
   * Opens the option phase over a fresh transport: resolves after the greeting. Rejects with NBD_BAD_MAGIC,
   * NBD_OLD_STYLE, NBD_NOT_FIXED, or what ends the transport. The time limit is the caller's: {@link withHandshakeTimeout}.
   */
  static open(transport: Transport): Promise<Negotiation> {
    return new Promise((resolve, reject) => {
      const negotiation = new Negotiation(transport);
      const parser = new OptionParser({
        greeting(style, flags) {
          checkGreeting(style, flags, transport.subject);
          negotiation.#isGreeted = true;
          const answer = new Uint8Array(4);
          answer[3] = HANDSHAKE.fixedNewstyle | (flags & HANDSHAKE.noZeroes);
          transport.send(answer);
          resolve(negotiation);
        },
        reply: reply => negotiation.#take(reply),
      });
      transport.attach({
        bytes(bytes) {
          parser.push(bytes);
          if (negotiation.#isGreeted && negotiation.#asked === undefined && !parser.isIdle)
            throw protocolError('NBD_UNEXPECTED_BYTES', 'the server went on speaking without being asked');
        },
        failed(error) {
          reject(error);
          negotiation.#asked?.reject(error);
        },
      });
    });
  }

  /** Milliseconds that the fastest answer so far took; infinite before the first. */
  get roundTrip(): number {
    return this.#roundTrip;
  }

  /** The server refused an option in the words of qemu. */
  get looksLikeQemu(): boolean {
    return this.#looksLikeQemu;
  }

  /** Sends an option and waits for its final reply. `replyType` is the type of the replies before it. */
  async ask(option: number, data?: Uint8Array, replyType: number = OPTION_REPLY.ack): Promise<OptionOutcome> {
    const { transport } = this;
    if (transport.error !== undefined) throw transport.error;
    const sent = performance.now();
    const outcome = await new Promise<OptionOutcome>((resolve, reject) => {
      this.#asked = { option, replyType, replies: [], bytes: 0, resolve, reject };
      transport.send(optionFrame(option, data));
    });
    if (transport.error !== undefined) throw transport.error; // bytes behind the reply have failed it meanwhile
    this.#roundTrip = Math.min(this.#roundTrip, performance.now() - sent);
    this.#looksLikeQemu ||= outcome.final === OPTION_REPLY.unsupported && QEMU_REFUSAL.test(outcome.text);
    return outcome;
  }

  #take({ option, type, data }: OptionReply): void {
    const asked = this.#asked;
    if (asked === undefined)
      throw protocolError('NBD_UNEXPECTED_BYTES', 'the server replied without being asked');
    if (option !== asked.option)
      throw protocolError('NBD_BAD_REPLY', `the server answered option ${option} instead of ${asked.option}`);
    const { replies } = asked;
    if (type >= 0x80000000 || type === OPTION_REPLY.ack) {
      this.#asked = undefined;
      asked.resolve({ replies, final: type, text: type === OPTION_REPLY.ack ? '' : serverText(data) });
      return;
    }
    if (type !== asked.replyType)
      throw protocolError('NBD_BAD_REPLY', `option ${option} was answered with type ${type}`);
    asked.bytes += data.length;
    if (replies.length === MAX_REPLIES || asked.bytes > MAX_REPLY_BYTES)
      throw protocolError('NBD_OVERSIZE', `the answer to option ${option} does not end`);
    replies.push(data);
  }
}

function checkGreeting(style: 'new' | 'old', flags: number, subject: string): void {
  if (style === 'old') {
    const what = 'the server speaks the old style of NBD, which cannot tell what is allocated';
    throw fatalError('NBD_OLD_STYLE', what, subject, 'serve the image with qemu-nbd or nbdkit');
  }
  if ((flags & HANDSHAKE.fixedNewstyle) === 0) {
    const what = 'the server is too old: it cannot negotiate (no fixed newstyle handshake)';
    throw fatalError('NBD_NOT_FIXED', what, subject, 'serve the image with qemu-nbd or nbdkit');
  }
}

/**
 * Runs a handshake within `limit` milliseconds. On any failure the transport is gone. Rejects with
 * NBD_HANDSHAKE_TIMEOUT when it takes longer.
 */
export async function withHandshakeTimeout<T>(
  transport: Transport,
  limit: number,
  steps: () => Promise<T>,
): Promise<T> {
  const timer = setTimeout(() => {
    const what = `the server did not finish the handshake in ${limit / 1000} seconds`;
    const advice =
      'check that this is an NBD server, and that no other client is connected: qemu-nbd lets in one at a time unless it is started with --shared';
    transport.fail(retryableError('NBD_HANDSHAKE_TIMEOUT', what, transport.subject, advice));
  }, limit);
  try {
    return await steps();
  } catch (thrown) {
    const error = transport.error ?? (thrown as NbdError);
    transport.fail(error);
    throw transport.error ?? cancelled(transport.subject);
  } finally {
    clearTimeout(timer);
  }
}
