/**
 * Connects to one export of an NBD server: from an address to a connection that answers.
 */
import { ALLOCATION_DEPTH, BASE_ALLOCATION, byImportance } from '../../../shared/nbd-contexts.ts';
import { fatalError } from '../errors.ts';
import type { NbdAddress } from '../uri.ts';
import { EXPORT_FLAG, MAX_READ_BYTES, OPTION } from '../wire/protocol.ts';
import { createConnection, type NbdConnection } from './connection.ts';
import {
  listContexts,
  type NbdContext,
  negotiateReplies,
  queryExport,
  setContexts,
  startTlsIfRequired,
} from './handshake.ts';
import { Negotiation, withHandshakeTimeout } from './negotiation.ts';
import { loadTlsCredentials, type TlsCredentials } from './tls.ts';
import { openTransport } from './transport.ts';

export type { NbdConnection } from './connection.ts';

/** Time limits in milliseconds. */
export interface NbdTimeouts {
  /** Until the socket stands. */
  readonly connect: number;
  /** From then until the export is open. */
  readonly handshake: number;
  /**
   * In which a reply must come or get on while a request waits: see {@link ReplyWatch}. A cold 8 TiB image may take many
   * seconds for its first reply.
   */
  readonly reply: number;
}

/** Limits that are used unless the address or the options say otherwise. */
export const DEFAULT_TIMEOUTS: NbdTimeouts = { connect: 10_000, handshake: 20_000, reply: 120_000 };

/** How to connect. */
export interface ConnectNbdOptions {
  /** Instead of the address's own export. */
  readonly exportName?: string;
  /** Contexts wanted, or all that are offered (at most 64). Default: base:allocation and qemu:allocation-depth. */
  readonly contexts?: readonly string[] | 'offered';
  /** Contexts without which the connection is of no use: NBD_CONTEXT_NOT_OFFERED lists what there is. */
  readonly requiredContexts?: readonly string[];
  /** Ends the connection at any time, also after it was established. */
  readonly signal?: AbortSignal;
  readonly timeouts?: Partial<NbdTimeouts>;
  /** Used when the address asks for TLS; otherwise they are read from the files that the address names. */
  readonly tls?: TlsCredentials;
  /** Try 64-bit headers first. Default true. */
  readonly preferExtendedHeaders?: boolean;
}

/** Contexts asked for at most: each may hold megabytes in every reply. */
const MAX_CONTEXTS = 64;
const DEFAULT_CONTEXTS = [BASE_ALLOCATION, ALLOCATION_DEPTH];

/**
 * An open export of the server at `address`. Rejects with an NbdError (every NBD_ code of docs/errors.md but those of
 * requests), leaving nothing open.
 */
export async function connectNbd(
  address: NbdAddress,
  options: ConnectNbdOptions = {},
): Promise<NbdConnection> {
  const { replyTimeout = DEFAULT_TIMEOUTS.reply } = address;
  const timeouts = { ...DEFAULT_TIMEOUTS, reply: replyTimeout, ...options.timeouts };
  const { signal } = options;
  const credentials =
    address.tls === undefined ? undefined : (options.tls ?? (await loadTlsCredentials(address.tls)));
  const transport = await openTransport(address, { connectTimeout: timeouts.connect, signal });
  return withHandshakeTimeout(transport, timeouts.handshake, async () => {
    const negotiation = await Negotiation.open(transport);
    if (credentials !== undefined) await startTlsIfRequired(negotiation, credentials);
    const replies = await negotiateReplies(negotiation, options.preferExtendedHeaders !== false);
    if (replies === 'simple') {
      const what = 'the server is too old: without structured replies it cannot tell what is allocated';
      throw fatalError(
        'NBD_NO_STRUCTURED_REPLIES',
        what,
        transport.subject,
        'serve the image with qemu-nbd or nbdkit',
      );
    }
    const exportName = options.exportName ?? address.exportName;
    const offered = await listContexts(negotiation, exportName);
    const notes: string[] = [];
    const wanted = chooseContexts(options, offered, notes, transport.subject);
    const contexts = wanted.length === 0 ? [] : await setContexts(negotiation, exportName, wanted);
    requireContexts(options.requiredContexts, contexts, offered, transport.subject);
    const info = await queryExport(negotiation, OPTION.go, exportName);
    const statusFilter = replies === 'extended' && (info.flags & EXPORT_FLAG.blockStatusPayload) !== 0;
    const names = [...offered, ...contexts.map(context => context.name)];
    const limit = { milliseconds: timeouts.reply, isGiven: address.replyTimeout !== undefined };
    return createConnection(transport, limit, notes, {
      exportName,
      size: info.size,
      flags: info.flags,
      blockSize: info.blockSize ?? { minimum: 1, preferred: 4096, maximum: MAX_READ_BYTES },
      contexts,
      offeredContexts: offered,
      extendedHeaders: replies === 'extended',
      statusFilter,
      // A plain qemu-nbd offers no qemu: context, but refuses options in known words, or has the filter as no other server.
      serialStatusRequests:
        statusFilter || negotiation.looksLikeQemu || names.some(name => name.startsWith('qemu:')),
      roundTrip: negotiation.roundTrip,
      encrypted: credentials !== undefined,
    });
  });
}

function chooseContexts(
  { contexts = DEFAULT_CONTEXTS, requiredContexts = [] }: ConnectNbdOptions,
  offered: readonly string[],
  notes: string[],
  subject: string,
): readonly string[] {
  const wanted = [...new Set([...(contexts === 'offered' ? offered : contexts), ...requiredContexts])];
  if (wanted.length <= MAX_CONTEXTS) return wanted;
  if (contexts !== 'offered') {
    const what = `${wanted.length} contexts are more than one connection can ask for`;
    throw fatalError('NBD_TOO_MANY_CONTEXTS', what, subject, `choose at most ${MAX_CONTEXTS}`);
  }
  notes.push(
    `the server offers ${offered.length} contexts; only ${MAX_CONTEXTS} are read, those of a known meaning first`,
  );
  return [...new Set([...requiredContexts, ...byImportance(offered)])].slice(0, MAX_CONTEXTS);
}

function requireContexts(
  required: readonly string[] = [],
  granted: readonly NbdContext[],
  offered: readonly string[],
  subject: string,
): void {
  const missing = required.filter(name => !granted.some(context => context.name === name));
  if (missing.length === 0) return;
  const list = (names: readonly string[]) => names.map(name => JSON.stringify(name)).join(', ');
  const what = `the server does not offer ${list(missing)}`;
  const advice =
    offered.length === 0 ? 'it offers no contexts at all' : `it offers ${list(offered.slice(0, 32))}`;
  throw fatalError('NBD_CONTEXT_NOT_OFFERED', what, subject, advice);
}
