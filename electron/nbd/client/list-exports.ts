/**
 * What a server has to offer: its exports, each with size, flags, block sizes and contexts, without opening any.
 */
import { type ErrorRecord, errorRecord } from '../../../shared/error.ts';
import { cancelled, NbdError } from '../errors.ts';
import { formatNbdUri, type NbdAddress } from '../uri.ts';
import { optionFrame, parseServer } from '../wire/option-frames.ts';
import { OPTION, OPTION_REPLY } from '../wire/protocol.ts';
import { DEFAULT_TIMEOUTS, type NbdTimeouts } from './client.ts';
import {
  type BlockSize,
  listContexts,
  negotiateReplies,
  optionError,
  queryExport,
  type ReplyForm,
  startTlsIfRequired,
} from './handshake.ts';
import { Negotiation, withHandshakeTimeout } from './negotiation.ts';
import { loadTlsCredentials, type TlsCredentials } from './tls.ts';
import { openTransport } from './transport.ts';

/** One export. Names and descriptions are untrusted text. */
export interface ListedExport {
  readonly name: string;
  readonly description: string;
  /** Address of this export, without user or local files. */
  readonly uri: string;
  /** What the server tells of it; undefined where `error` says why not. */
  readonly facts?: {
    /** Bytes. */
    readonly size: number;
    /** See EXPORT_FLAG. */
    readonly flags: number;
    readonly blockSize: BlockSize | undefined;
    /** At most 64. */
    readonly contexts: readonly string[];
  };
  readonly error?: ErrorRecord;
}

/** A server's exports. */
export interface ExportListing {
  readonly exports: readonly ListedExport[];
  /** The server does not tell its exports: the list holds only the one that the address names. */
  readonly listingRefused: boolean;
  readonly encrypted: boolean;
  /** How replies would be framed; block status needs structured or extended. */
  readonly replies: ReplyForm;
}

/** How to list. */
export interface ListExportsOptions {
  readonly signal?: AbortSignal;
  readonly timeouts?: Partial<NbdTimeouts>;
  /** Milliseconds for everything: exports that were not described by then are listed by name alone. Default 60 000. */
  readonly wholeTime?: number;
  /** Used when the address asks for TLS; otherwise they are read from the files that the address names. */
  readonly tls?: TlsCredentials;
}

/** Exports beyond this many are listed by name alone. */
const MAX_DETAILED = 256;
/** qemu-nbd drops clients that stay in the handshake for 10 seconds; a new connection is made well before. */
const CONNECTION_AGE_MS = 4000;
/** Contexts kept of each export: as many as a connection takes. */
const MAX_CONTEXTS = 64;
const LISTING_TIMEOUT_MS = 60_000;

/**
 * The exports of the server at `address`. Rejects with an NbdError when the server cannot be reached or is none; an
 * export that cannot be asked about is listed with its error. Nothing stays open. The signal ends it with CANCELLED.
 */
export async function listExports(
  address: NbdAddress,
  options: ListExportsOptions = {},
): Promise<ExportListing> {
  const timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
  const { signal, wholeTime = LISTING_TIMEOUT_MS } = options;
  const lastMoment = performance.now() + wholeTime;
  const credentials =
    address.tls === undefined ? undefined : (options.tls ?? (await loadTlsCredentials(address.tls)));
  let replies: ReplyForm = 'simple';

  /** Runs some questions over a separate connection. */
  async function browse<T>(questions: (negotiation: Negotiation) => Promise<T>): Promise<T> {
    const transport = await openTransport(address, { connectTimeout: timeouts.connect, signal });
    const limit = Math.min(timeouts.handshake, Math.max(1, lastMoment - performance.now()));
    return withHandshakeTimeout(transport, limit, async () => {
      const negotiation = await Negotiation.open(transport);
      if (credentials !== undefined) await startTlsIfRequired(negotiation, credentials);
      replies = await negotiateReplies(negotiation, true);
      const result = await questions(negotiation);
      await transport.end(optionFrame(OPTION.abort));
      return result;
    });
  }

  const names = await browse(listNames);
  const asked = names ?? [{ name: address.exportName, description: '' }];
  const exports: ListedExport[] = [];
  const uriOf = (name: string) => formatNbdUri(address.endpoint, name, address.tls !== undefined);
  const detailed = Math.min(asked.length, MAX_DETAILED);
  while (exports.length < detailed && performance.now() < lastMoment) {
    if (signal?.aborted) throw cancelled(address.text);
    const before = exports.length;
    try {
      await browse(async negotiation => {
        const deadline = Math.min(
          performance.now() + Math.min(CONNECTION_AGE_MS, timeouts.handshake / 2),
          lastMoment,
        );
        do {
          const named = asked[exports.length] as NamedExport;
          exports.push(await describeExport(negotiation, named, uriOf(named.name), replies));
        } while (exports.length < detailed && performance.now() < deadline);
      });
    } catch (error) {
      const described = exports.length > before || (before > 0 && performance.now() >= lastMoment);
      const goOn = error instanceof NbdError && error.retryable && described;
      if (!goOn) throw error;
    }
  }
  for (const named of asked.slice(exports.length)) exports.push({ ...named, uri: uriOf(named.name) });
  return { exports, listingRefused: names === undefined, encrypted: credentials !== undefined, replies };
}

interface NamedExport {
  readonly name: string;
  readonly description: string;
}

/** The names that LIST gives, undefined where the server does not support it or refuses. */
async function listNames(negotiation: Negotiation): Promise<NamedExport[] | undefined> {
  const outcome = await negotiation.ask(OPTION.list, undefined, OPTION_REPLY.server);
  if (outcome.final === OPTION_REPLY.ack) {
    const named = new Map<string, NamedExport>();
    for (const reply of outcome.replies) {
      const one = parseServer(reply);
      named.set(one.name, one);
    }
    return [...named.values()];
  }
  const { tlsRequired, shutdown } = OPTION_REPLY;
  if (outcome.final === tlsRequired || outcome.final === shutdown) {
    throw optionError(outcome, 'listing its exports', negotiation.transport.subject);
  }
  return undefined;
}

async function describeExport(
  negotiation: Negotiation,
  { name, description }: NamedExport,
  uri: string,
  replies: ReplyForm,
): Promise<ListedExport> {
  try {
    const facts = await queryExport(negotiation, OPTION.info, name);
    const contexts = replies === 'simple' ? [] : await listContexts(negotiation, name);
    const { size, flags, blockSize } = facts;
    return {
      name,
      description: description || facts.description,
      uri,
      facts: { size, flags, blockSize, contexts: contexts.slice(0, MAX_CONTEXTS) },
    };
  } catch (error) {
    if (!(error instanceof NbdError) || !ABOUT_ONE_EXPORT.includes(error.code)) throw error;
    return { name, description, uri, error: errorRecord(error) };
  }
}

/** Failures that leave the connection and the other exports alone. */
const ABOUT_ONE_EXPORT = [
  'NBD_EXPORT_UNKNOWN',
  'NBD_EXPORT_TOO_LARGE',
  'NBD_REFUSED',
  'NBD_OPTION_FAILED',
  'NBD_TOO_OLD',
];
