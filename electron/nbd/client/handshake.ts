/**
 * The steps of the handshake (fixed newstyle), in this order:
 *
 *   greeting -> [STARTTLS] -> [EXTENDED_HEADERS] -> [STRUCTURED_REPLY] -> LIST_META_CONTEXT -> SET_META_CONTEXT -> GO
 */
import { fatalError, type NbdError, protocolError, retryableError } from '../errors.ts';
import {
  type InfoReply,
  infoData,
  metaContextData,
  parseInfo,
  parseMetaContext,
} from '../wire/option-frames.ts';
import { INFO, MAX_READ_BYTES, OPTION, OPTION_REPLY } from '../wire/protocol.ts';
import type { Negotiation, OptionOutcome } from './negotiation.ts';
import type { TlsCredentials } from './tls.ts';

/** How the server marks its replies. */
export type ReplyForm = 'extended' | 'structured' | 'simple';

/** Encrypts the link. Throws NBD_TLS_UNAVAILABLE when the server will not: there is no way back to plain text. */
export async function startTlsIfRequired(
  negotiation: Negotiation,
  credentials: TlsCredentials,
): Promise<void> {
  const { transport } = negotiation;
  const outcome = await negotiation.ask(OPTION.startTls);
  if (outcome.final !== OPTION_REPLY.ack) {
    const what = `the server offers no TLS${quoted(outcome.text)}`;
    throw fatalError('NBD_TLS_UNAVAILABLE', what, transport.subject, 'start the server with TLS credentials');
  }
  await transport.secure(credentials);
}

/** Agrees on the best form of replies. */
export async function negotiateReplies(
  negotiation: Negotiation,
  preferExtended: boolean,
): Promise<ReplyForm> {
  if (preferExtended) {
    const extended = await negotiation.ask(OPTION.extendedHeaders);
    if (extended.final === OPTION_REPLY.ack) return 'extended';
    refuseUnlessUnsupported(extended, negotiation.transport.subject);
  }
  const structured = await negotiation.ask(OPTION.structuredReply);
  if (structured.final === OPTION_REPLY.ack) return 'structured';
  refuseUnlessUnsupported(structured, negotiation.transport.subject);
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
 * again for `qemu:` where that showed none of them: servers of qemu 3.0 and 3.1 list those only when named.
 * Throws for a missing export; a server without this option offers none.
 */
export async function listContexts(negotiation: Negotiation, exportName: string): Promise<string[]> {
  const names = new Set<string>();
  for (const queries of [[], ['qemu:']]) {
    if (queries.length > 0 && [...names].some(name => name.startsWith('qemu:'))) break;
    const data = metaContextData(exportName, queries);
    const outcome = await negotiation.ask(OPTION.listMetaContext, data, OPTION_REPLY.metaContext);
    if (outcome.final !== OPTION_REPLY.ack) {
      if (isRefusal(outcome.final))
        throw optionError(outcome, 'listing contexts', negotiation.transport.subject);
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
    if (isRefusal(outcome.final))
      throw optionError(outcome, 'choosing contexts', negotiation.transport.subject);
    return [];
  }
  const granted = outcome.replies.map(parseMetaContext);
  const ids = new Set(granted.map(context => context.id));
  const names = new Set(granted.map(context => context.name));
  if (ids.size !== granted.length || names.size !== granted.length) {
    throw protocolError('NBD_BAD_REPLY', 'the server granted a context twice');
  }
  if (granted.some(context => !wanted.includes(context.name))) {
    throw protocolError('NBD_BAD_REPLY', 'the server granted a context that was not asked for');
  }
  return granted.sort((a, b) => wanted.indexOf(a.name) - wanted.indexOf(b.name));
}

/** What an export says of itself. Sizes in bytes. */
export interface ExportInfo {
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
): Promise<ExportInfo> {
  const { subject } = negotiation.transport;
  const kinds = option === OPTION.go ? [INFO.blockSize] : [INFO.blockSize, INFO.description];
  const outcome = await negotiation.ask(option, infoData(exportName, kinds), OPTION_REPLY.info);
  if (outcome.final === OPTION_REPLY.unsupported) {
    const what = 'the server is too old: it cannot open an export by the GO option';
    throw fatalError('NBD_TOO_OLD', what, subject, 'serve the image with a newer qemu-nbd or nbdkit');
  }
  if (outcome.final !== OPTION_REPLY.ack)
    throw optionError(outcome, `opening ${nameOf(exportName)}`, subject);

  const infos = new Map<string, InfoReply>();
  for (const reply of outcome.replies) {
    const info = parseInfo(reply);
    if (info !== undefined) infos.set(info.kind, info);
  }
  const size = infos.get('export');
  const block = infos.get('blockSize');
  const description = infos.get('description');
  if (size?.kind !== 'export')
    throw protocolError('NBD_BAD_REPLY', 'the server did not tell the size of the export');
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
    throw protocolError(
      'NBD_BAD_BLOCK_SIZE',
      `block sizes ${minimum}, ${preferred}, ${maximum} contradict each other`,
    );
  }
  return { minimum, preferred, maximum: Math.min(maximum, MAX_READ_BYTES) };
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
