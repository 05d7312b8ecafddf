/**
 * The handshake (fixed newstyle): from the greeting to the export being open.
 *
 *   greeting -> [STARTTLS] -> [EXTENDED_HEADERS] -> [STRUCTURED_REPLY] -> LIST_META_CONTEXT -> SET_META_CONTEXT -> GO
 *
 * One option at a time. The server speaks only when asked, so bytes that follow a final reply break the protocol;
 * that is also what keeps anybody from slipping plain-text replies in before TLS begins.
 */
import { cancelled, fatalError, type NbdError, retryableError, serverText, violation } from '../errors.ts';
import {
  createOptionParser,
  type ExportInfo,
  infoData,
  metaContextData,
  type OptionReply,
  optionFrame,
  parseInfo,
  parseMetaContext,
} from '../wire/option-frames.ts';
import { HANDSHAKE, INFO, MAX_READ, OPTION, OPTION_REPLY } from '../wire/protocol.ts';
import type { TlsCredentials } from './tls.ts';
import type { Link } from './transport.ts';

/** The final answer to an option, and what came before it. */
export interface OptionOutcome {
  /** Data of the replies before the final one, all of the type asked for. */
  readonly replies: readonly Uint8Array[];
  /** Type of the final reply: ACK or an error type. */
  readonly final: number;
  /** The server's text beside an error, safe to print. */
  readonly text: string;
}

/** An open handshake: options can be sent. */
export interface Negotiation {
  readonly link: Link;
  /** Milliseconds that the fastest answer so far took; infinite before the first. */
  readonly roundTrip: number;
  /** The server refused an option in the words of qemu. */
  readonly looksLikeQemu: boolean;
  /** Sends an option and waits for its final reply. `replyType` is the type of the replies before it. */
  ask(option: number, data?: Uint8Array, replyType?: number): Promise<OptionOutcome>;
}

/** Most replies and bytes that one option may be answered with (a LIST of 65,536 exports is the largest we read). */
const MAX_REPLIES = 65_536;
const MAX_REPLY_BYTES = 2 ** 24;

/** How qemu (2.6 to 10) refuses an option that it does not know: nbd_negotiate_options in nbd/server.c. */
const QEMU_WORDS = /^Unsupported option /;

interface Waiter {
  readonly option: number;
  readonly replyType: number;
  readonly replies: Uint8Array[];
  bytes: number;
  readonly resolve: (outcome: OptionOutcome) => void;
  readonly reject: (error: NbdError) => void;
}

/**
 * The handshake over a fresh link, after the greeting. Rejects with NBD_BAD_MAGIC, NBD_OLD_STYLE, NBD_NOT_FIXED, or
 * what ends the link. The link's time limit is the caller's business.
 */
export function openNegotiation(link: Link): Promise<Negotiation> {
  return new Promise((resolve, reject) => {
    let waiter: Waiter | undefined;
    let greeted = false;
    let roundTrip = Number.POSITIVE_INFINITY;
    let looksLikeQemu = false;
    const negotiation: Negotiation = {
      link,
      get roundTrip() {
        return roundTrip;
      },
      get looksLikeQemu() {
        return looksLikeQemu;
      },
      ask,
    };
    const parser = createOptionParser({
      greeting(style, flags) {
        checkGreeting(style, flags, link.subject);
        greeted = true;
        const answer = new Uint8Array(4);
        answer[3] = HANDSHAKE.fixedNewstyle | (flags & HANDSHAKE.noZeroes);
        link.send(answer);
        resolve(negotiation);
      },
      reply(reply) {
        if (waiter === undefined)
          throw violation('NBD_UNEXPECTED_BYTES', 'the server replied without being asked');
        if (collect(waiter, reply)) waiter = undefined;
      },
    });
    link.attach({
      bytes(bytes) {
        parser.push(bytes);
        if (greeted && waiter === undefined && !parser.idle) {
          throw violation('NBD_UNEXPECTED_BYTES', 'the server went on speaking without being asked');
        }
      },
      failed(error) {
        reject(error);
        waiter?.reject(error);
      },
    });

    async function ask(
      option: number,
      data?: Uint8Array,
      replyType: number = OPTION_REPLY.ack,
    ): Promise<OptionOutcome> {
      if (link.error !== undefined) throw link.error;
      const asked = performance.now();
      const outcome = await new Promise<OptionOutcome>((resolveOption, rejectOption) => {
        waiter = { option, replyType, replies: [], bytes: 0, resolve: resolveOption, reject: rejectOption };
        link.send(optionFrame(option, data));
      });
      if (link.error !== undefined) throw link.error; // bytes behind the reply have ended the link meanwhile
      roundTrip = Math.min(roundTrip, performance.now() - asked);
      looksLikeQemu ||= outcome.final === OPTION_REPLY.unsupported && QEMU_WORDS.test(outcome.text);
      return outcome;
    }
  });
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

/** Adds a reply to what is waited for; true when it was the final one. */
function collect(waiter: Waiter, { option, type, data }: OptionReply): boolean {
  if (option !== waiter.option) {
    throw violation('NBD_BAD_REPLY', `the server answered option ${option} instead of ${waiter.option}`);
  }
  const { replies } = waiter;
  if (type >= 0x80000000 || type === OPTION_REPLY.ack) {
    waiter.resolve({ replies, final: type, text: type === OPTION_REPLY.ack ? '' : serverText(data) });
    return true;
  }
  if (type !== waiter.replyType)
    throw violation('NBD_BAD_REPLY', `option ${option} was answered with type ${type}`);
  waiter.bytes += data.length;
  if (replies.length === MAX_REPLIES || waiter.bytes > MAX_REPLY_BYTES) {
    throw violation('NBD_OVERSIZE', `the answer to option ${option} does not end`);
  }
  replies.push(data);
  return false;
}

/** How the server marks its replies. */
export type ReplyForm = 'extended' | 'structured' | 'simple';

/** Encrypts the link. Throws NBD_TLS_UNAVAILABLE when the server will not: there is no way back to plain text. */
export async function startTlsIfRequired(
  negotiation: Negotiation,
  credentials: TlsCredentials,
): Promise<void> {
  const { link } = negotiation;
  const outcome = await negotiation.ask(OPTION.startTls);
  if (outcome.final !== OPTION_REPLY.ack) {
    const what = `the server offers no TLS${quoted(outcome.text)}`;
    throw fatalError('NBD_TLS_UNAVAILABLE', what, link.subject, 'start the server with TLS credentials');
  }
  await link.secure(credentials);
}

/** Agrees on the best form of replies. */
export async function negotiateReplies(
  negotiation: Negotiation,
  preferExtended: boolean,
): Promise<ReplyForm> {
  if (preferExtended) {
    const extended = await negotiation.ask(OPTION.extendedHeaders);
    if (extended.final === OPTION_REPLY.ack) return 'extended';
    refuseUnlessUnsupported(extended, negotiation.link.subject);
  }
  const structured = await negotiation.ask(OPTION.structuredReply);
  if (structured.final === OPTION_REPLY.ack) return 'structured';
  refuseUnlessUnsupported(structured, negotiation.link.subject);
  return 'simple';
}

function refuseUnlessUnsupported(outcome: OptionOutcome, subject: string): void {
  if (outcome.final === OPTION_REPLY.tlsRequired || outcome.final === OPTION_REPLY.shutdown) {
    throw optionError(outcome, 'negotiating replies', subject);
  }
}

/** A context that the server granted. */
export interface NbdContext {
  readonly id: number;
  readonly name: string;
}

/**
 * Names of the contexts that the server offers for an export, untrusted text, without repetition. Asks for all, then
 * once more for `qemu:` where that showed none of them: servers of qemu 3.0 and 3.1 list those only when named.
 * Throws for a missing export; a server without this option offers none.
 */
export async function listContexts(negotiation: Negotiation, exportName: string): Promise<string[]> {
  const names = new Set<string>();
  for (const queries of [[], ['qemu:']]) {
    if (queries.length > 0 && [...names].some(name => name.startsWith('qemu:'))) break;
    const data = metaContextData(exportName, queries);
    const outcome = await negotiation.ask(OPTION.listMetaContext, data, OPTION_REPLY.metaContext);
    if (outcome.final !== OPTION_REPLY.ack) {
      if (isRefusal(outcome.final)) throw optionError(outcome, 'listing contexts', negotiation.link.subject);
      break;
    }
    for (const reply of outcome.replies) names.add(parseMetaContext(reply).name);
  }
  return [...names];
}

function isRefusal(type: number): boolean {
  const { unknown, tlsRequired, shutdown, policy } = OPTION_REPLY;
  return type === unknown || type === tlsRequired || type === shutdown || type === policy;
}

/** The contexts of `wanted` that the server grants, in the order of `wanted`. */
export async function setContexts(
  negotiation: Negotiation,
  exportName: string,
  wanted: readonly string[],
): Promise<NbdContext[]> {
  const data = metaContextData(exportName, wanted);
  const outcome = await negotiation.ask(OPTION.setMetaContext, data, OPTION_REPLY.metaContext);
  if (outcome.final !== OPTION_REPLY.ack) {
    if (isRefusal(outcome.final)) throw optionError(outcome, 'choosing contexts', negotiation.link.subject);
    return [];
  }
  const granted = outcome.replies.map(parseMetaContext);
  const ids = new Set(granted.map(context => context.id));
  const names = new Set(granted.map(context => context.name));
  if (ids.size !== granted.length || names.size !== granted.length) {
    throw violation('NBD_BAD_REPLY', 'the server granted a context twice');
  }
  if (granted.some(context => !wanted.includes(context.name))) {
    throw violation('NBD_BAD_REPLY', 'the server granted a context that nobody asked for');
  }
  return granted.sort((a, b) => wanted.indexOf(a.name) - wanted.indexOf(b.name));
}

/** What an export says of itself. Sizes in bytes. */
export interface ExportFacts {
  readonly size: number;
  /** See EXPORT_FLAG. */
  readonly flags: number;
  /** Undefined where the server did not say. */
  readonly blockSize: BlockSize | undefined;
  readonly description: string;
}

/** Block sizes in bytes: offsets and lengths of requests are multiples of `minimum`; a READ is at most `maximum`. */
export interface BlockSize {
  readonly minimum: number;
  readonly preferred: number;
  readonly maximum: number;
}

/**
 * Asks about an export (INFO) or opens it (GO, after which the transmission phase begins). Throws
 * NBD_EXPORT_UNKNOWN, NBD_EXPORT_TOO_LARGE, NBD_BAD_BLOCK_SIZE, NBD_TOO_OLD and the refusals of {@link optionError}.
 */
export async function queryExport(
  negotiation: Negotiation,
  option: typeof OPTION.info | typeof OPTION.go,
  exportName: string,
): Promise<ExportFacts> {
  const { subject } = negotiation.link;
  const kinds = option === OPTION.go ? [INFO.blockSize] : [INFO.blockSize, INFO.description];
  const outcome = await negotiation.ask(option, infoData(exportName, kinds), OPTION_REPLY.info);
  if (outcome.final === OPTION_REPLY.unsupported) {
    const what = 'the server is too old: it cannot open an export by the GO option';
    throw fatalError('NBD_TOO_OLD', what, subject, 'serve the image with a newer qemu-nbd or nbdkit');
  }
  if (outcome.final !== OPTION_REPLY.ack)
    throw optionError(outcome, `opening ${nameOf(exportName)}`, subject);

  const facts = new Map<string, ExportInfo>();
  for (const reply of outcome.replies) {
    const info = parseInfo(reply);
    if (info !== undefined) facts.set(info.kind, info);
  }
  const size = facts.get('export');
  const block = facts.get('blockSize');
  const description = facts.get('description');
  if (size?.kind !== 'export')
    throw violation('NBD_BAD_REPLY', 'the server did not tell the size of the export');
  if (size.size > Number.MAX_SAFE_INTEGER) {
    const what = 'the export claims a size of 8 PiB or more';
    throw fatalError('NBD_EXPORT_TOO_LARGE', what, subject, 'sizes above 2^53 - 1 bytes are not handled');
  }
  return {
    size: size.size,
    flags: size.flags,
    blockSize: block?.kind === 'blockSize' ? checkBlockSize(block) : undefined,
    description: description?.kind === 'description' ? description.text : '',
  };
}

function checkBlockSize({ minimum, preferred, maximum }: BlockSize): BlockSize {
  const power = (n: number) => n > 0 && (n & (n - 1)) === 0;
  const good =
    power(minimum) &&
    minimum <= 65_536 &&
    power(preferred) &&
    preferred >= Math.max(minimum, 512) &&
    (maximum === 0xffffffff || (maximum >= preferred && maximum % minimum === 0));
  if (!good) {
    throw violation(
      'NBD_BAD_BLOCK_SIZE',
      `block sizes ${minimum}, ${preferred}, ${maximum} contradict each other`,
    );
  }
  return { minimum, preferred, maximum: Math.min(maximum, MAX_READ) };
}

/** The error of an option that the server refused. */
export function optionError(outcome: OptionOutcome, doing: string, subject: string): NbdError {
  const said = quoted(outcome.text);
  switch (outcome.final) {
    case OPTION_REPLY.unknown:
      return fatalError(
        'NBD_EXPORT_UNKNOWN',
        `the server has no such export${said}`,
        subject,
        'list its exports',
      );
    case OPTION_REPLY.tlsRequired:
      return fatalError('NBD_TLS_REQUIRED', `the server wants TLS${said}`, subject, 'use an nbds address');
    case OPTION_REPLY.shutdown:
      return retryableError(
        'NBD_SHUTTING_DOWN',
        `the server is shutting down${said}`,
        subject,
        'start it again',
      );
    case OPTION_REPLY.policy:
      return fatalError('NBD_REFUSED', `the server refused ${doing}${said}`, subject, 'check what it allows');
    default: {
      const type = `0x${outcome.final.toString(16)}`;
      const what = `the server answered ${doing} with error ${type}${said}`;
      return fatalError('NBD_OPTION_FAILED', what, subject, 'check the server');
    }
  }
}

function nameOf(exportName: string): string {
  return exportName === '' ? 'the default export' : `the export ${JSON.stringify(exportName)}`;
}

function quoted(text: string): string {
  return text === '' ? '' : ` (it says: ${text})`;
}

/**
 * Runs a handshake within a time limit; on any failure the link is gone. Rejects with NBD_HANDSHAKE_TIMEOUT when it
 * takes longer than `limit` milliseconds.
 */
export async function withHandshakeTimeout<T>(
  link: Link,
  limit: number,
  steps: () => Promise<T>,
): Promise<T> {
  const timer = setTimeout(() => {
    const what = `the server did not finish the handshake in ${limit / 1000} seconds`;
    link.fail(
      retryableError('NBD_HANDSHAKE_TIMEOUT', what, link.subject, 'check that this is an NBD server'),
    );
  }, limit);
  try {
    return await steps();
  } catch (thrown) {
    const error = link.error ?? (thrown as NbdError);
    link.fail(error);
    throw link.error ?? cancelled(link.subject);
  } finally {
    clearTimeout(timer);
  }
}
