/**
 * Messages of the transmission phase: a push parser for replies and serializers for requests.
 *
 * A reply is a simple reply or a series of chunks, in one of two header forms:
 *
 *   simple       magic u32, error u32, cookie u64
 *   structured   magic u32, flags u16, type u16, cookie u64, length u32, payload
 *   extended     magic u32, flags u16, type u16, cookie u64, offset u64, length u64, payload
 *
 * The parser splits a payload into its fixed beginning (offset, context id), which goes into the header, and the body,
 * whose destination the sink chooses before a byte of it is stored. So a body is copied once, from the socket's buffer to
 * where it is wanted, and the sink, which knows the request, decides what is too large.
 */
import { dataViewOf, uint64At } from '../../../shared/bytes.ts';
import { protocolError } from '../errors.ts';
import type { PushParser } from './option-frames.ts';
import {
  CHUNK,
  CHUNK_DONE,
  COMMAND,
  COMMAND_FLAG,
  HEADER_LENGTH,
  MAGIC,
  MAX_ERROR_CHUNK_BYTES,
  MAX_READ_BYTES,
  MAX_STATUS_EXTENTS,
} from './protocol.ts';

/** Everything of a reply or chunk but its body. Numbers from u64 are exact below 2^53 and never rounded into it. */
export interface ReplyHeader {
  /** A simple reply; `type` is then NONE and `done` true. */
  readonly simple: boolean;
  /** Last message of its reply. */
  readonly done: boolean;
  /** See CHUNK. */
  readonly type: number;
  /** Error number of a simple reply, else 0. */
  readonly error: number;
  readonly cookieHigh: number;
  readonly cookieLow: number;
  /** Offset of the request as echoed in an extended header, else -1. */
  readonly requestOffset: number;
  /** OFFSET_DATA and OFFSET_HOLE: where it lies, else -1. */
  readonly offset: number;
  /** OFFSET_HOLE: its length, else 0. */
  readonly holeLength: number;
  /** Status chunks: the context's id, else -1. */
  readonly contextId: number;
  /** Bytes in the body. */
  readonly bodyLength: number;
}

/** The receiver of the messages. What it throws comes out of `push`. */
export interface ReplySink {
  /** Where the body of this message goes: exactly `bodyLength` bytes, which is not 0. */
  bodyOf(header: ReplyHeader): Uint8Array;
  /** The message is complete. */
  reply(header: ReplyHeader, body: Uint8Array): void;
}

const MAGIC_BYTES = 4;
const EMPTY: Uint8Array = new Uint8Array(0);
/** Length of the longest fixed beginning of a payload: offset and length of a hole. */
const LONGEST_PREFIX_BYTES = 12;

/** A parser of replies, all of the extended form or none. It does not buffer bodies. */
export class ReplyParser implements PushParser {
  readonly #extended: boolean;
  readonly #sink: ReplySink;
  readonly #bytes = new Uint8Array(HEADER_LENGTH.extendedReply + LONGEST_PREFIX_BYTES);
  readonly #view = new DataView(this.#bytes.buffer);
  /** Bytes of header and prefix that are there, and that the next step needs. */
  #have = 0;
  #need = MAGIC_BYTES;
  /** 0 and -1 until they are known. */
  #headerLength = 0;
  #prefixLength = -1;
  /** The message whose body is being filled. */
  #current: ReplyHeader | undefined;
  #body = EMPTY;
  #filled = 0;

  constructor(extended: boolean, sink: ReplySink) {
    this.#extended = extended;
    this.#sink = sink;
  }

  get isIdle(): boolean {
    return this.#have === 0;
  }

  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#current === undefined) {
        const count = Math.min(this.#need - this.#have, bytes.length - at);
        for (let i = 0; i < count; i++) this.#bytes[this.#have + i] = bytes[at + i] as number;
        this.#have += count;
        at += count;
        if (this.#have < this.#need) return;
        this.#continueHeader();
      } else {
        const count = Math.min(this.#body.length - this.#filled, bytes.length - at);
        this.#body.set(bytes.subarray(at, at + count), this.#filled);
        this.#filled += count;
        at += count;
        if (this.#filled === this.#body.length) this.#finish(this.#current, this.#body);
      }
    }
  }

  #continueHeader(): void {
    if (this.#headerLength === 0) {
      this.#headerLength = lengthOfHeader(this.#view.getUint32(0), this.#extended);
      this.#need = this.#headerLength;
    } else if (this.#prefixLength < 0) {
      const isSimple = this.#headerLength === HEADER_LENGTH.simpleReply;
      this.#prefixLength = isSimple ? 0 : prefixOf(this.#view, this.#extended);
      this.#need = this.#headerLength + this.#prefixLength;
      if (this.#prefixLength === 0) this.#begin();
    } else {
      this.#begin();
    }
  }

  #begin(): void {
    const header = headerOf(this.#view, this.#extended, this.#headerLength, this.#prefixLength);
    if (header.bodyLength === 0) {
      this.#finish(header, EMPTY);
      return;
    }
    this.#body = this.#sink.bodyOf(header);
    this.#current = header;
    this.#filled = 0;
  }

  #finish(header: ReplyHeader, body: Uint8Array): void {
    this.#have = 0;
    this.#need = MAGIC_BYTES;
    this.#headerLength = 0;
    this.#prefixLength = -1;
    this.#current = undefined;
    this.#body = EMPTY;
    this.#sink.reply(header, body);
  }
}

function lengthOfHeader(magic: number, extended: boolean): number {
  if (extended && magic === MAGIC.extendedReply) return HEADER_LENGTH.extendedReply;
  if (!extended && magic === MAGIC.structuredReply) return HEADER_LENGTH.structuredReply;
  if (!extended && magic === MAGIC.simpleReply) return HEADER_LENGTH.simpleReply;
  throw protocolError('NBD_BAD_MAGIC', `a reply begins with the wrong magic number 0x${magic.toString(16)}`);
}

/** Bytes of the payload's fixed beginning. Throws where a payload of that length is invalid for its type. */
function prefixOf(view: DataView, extended: boolean): number {
  const type = view.getUint16(6);
  const length = payloadLength(view, extended);
  switch (type) {
    case CHUNK.none:
      return expect(length === 0 && (view.getUint16(4) & CHUNK_DONE) !== 0, type, length, 0);
    case CHUNK.offsetData:
      if (length > MAX_READ_BYTES + 8) throw oversize(type, length);
      return expect(length > 8, type, length, 8);
    case CHUNK.offsetHole:
      return expect(length === 12, type, length, 12);
    case CHUNK.blockStatus:
      if (length > 4 + 8 * MAX_STATUS_EXTENTS) throw oversize(type, length);
      return expect(length >= 12 && (length - 4) % 8 === 0, type, length, 4);
    case CHUNK.blockStatusExtended:
      if (length > 8 + 16 * MAX_STATUS_EXTENTS) throw oversize(type, length);
      return expect(extended && length >= 24 && (length - 8) % 16 === 0, type, length, 8);
    default:
      if ((type & CHUNK.errorBit) === 0) {
        throw protocolError('NBD_BAD_REPLY', `a chunk has the unknown type ${type}`);
      }
      if (length > MAX_ERROR_CHUNK_BYTES) throw oversize(type, length);
      return expect(length >= 6, type, length, 0);
  }
}

function expect(good: boolean, type: number, length: number, prefix: number): number {
  if (good) return prefix;
  throw protocolError(
    'NBD_BAD_REPLY',
    `a chunk of type ${type} cannot have a payload of ${length} bytes here`,
  );
}

function oversize(type: number, length: number): Error {
  return protocolError('NBD_OVERSIZE', `a chunk of type ${type} announces ${length} bytes`);
}

function payloadLength(view: DataView, extended: boolean): number {
  return extended ? uint64At(view, 24) : view.getUint32(16);
}

function headerOf(
  view: DataView,
  extended: boolean,
  headerLength: number,
  prefixLength: number,
): ReplyHeader {
  if (headerLength === HEADER_LENGTH.simpleReply) {
    return {
      simple: true,
      done: true,
      type: CHUNK.none,
      error: view.getUint32(4),
      cookieHigh: view.getUint32(8),
      cookieLow: view.getUint32(12),
      requestOffset: -1,
      offset: -1,
      holeLength: 0,
      contextId: -1,
      bodyLength: 0,
    };
  }
  const type = view.getUint16(6);
  const located = type === CHUNK.offsetData || type === CHUNK.offsetHole;
  const status = type === CHUNK.blockStatus || type === CHUNK.blockStatusExtended;
  const bodyLength = payloadLength(view, extended) - prefixLength;
  if (type === CHUNK.blockStatusExtended && view.getUint32(headerLength + 4) * 16 !== bodyLength) {
    throw protocolError('NBD_BAD_REPLY', 'a status chunk counts other extents than it holds');
  }
  return {
    simple: false,
    done: (view.getUint16(4) & CHUNK_DONE) !== 0,
    type,
    error: 0,
    cookieHigh: view.getUint32(8),
    cookieLow: view.getUint32(12),
    requestOffset: extended ? uint64At(view, 16) : -1,
    offset: located ? uint64At(view, headerLength) : -1,
    holeLength: type === CHUNK.offsetHole ? view.getUint32(headerLength + 8) : 0,
    contextId: status ? view.getUint32(headerLength) : -1,
    bodyLength,
  };
}

/** What the body of an error chunk says: the error number and the server's text, still to be made safe to print. */
export function parseErrorBody(body: Uint8Array): { errno: number; text: Uint8Array } {
  const view = dataViewOf(body);
  const length = view.getUint16(4);
  if (6 + length > body.length)
    throw protocolError('NBD_BAD_REPLY', 'an error text does not fit into its chunk');
  return { errno: view.getUint32(0), text: body.subarray(6, 6 + length) };
}

/** A request as it goes on the wire. */
export interface Request {
  readonly command: number;
  readonly cookieHigh: number;
  readonly cookieLow: number;
  readonly offset: number;
  /** Bytes the request is about: below 2^32 unless the headers are extended. */
  readonly length: number;
}

/** The bytes of a request. */
export function requestFrame(extended: boolean, request: Request): Uint8Array {
  const frame = new Uint8Array(extended ? HEADER_LENGTH.extendedRequest : HEADER_LENGTH.request);
  const view = new DataView(frame.buffer);
  writeHeader(view, extended, 0, request);
  if (extended) setU64(view, 24, request.length);
  else view.setUint32(24, request.length);
  return frame;
}

/** The bytes of an extended BLOCK_STATUS request that asks only for the contexts with these ids. */
export function filteredStatusFrame(request: Request, contextIds: readonly number[]): Uint8Array {
  const payload = 8 + 4 * contextIds.length;
  const frame = new Uint8Array(HEADER_LENGTH.extendedRequest + payload);
  const view = new DataView(frame.buffer);
  writeHeader(view, true, COMMAND_FLAG.payloadLength, request);
  setU64(view, 24, payload);
  setU64(view, 32, request.length);
  contextIds.forEach((id, i) => {
    view.setUint32(40 + 4 * i, id);
  });
  return frame;
}

/** The bytes of the request that ends the connection. It has no reply. */
export function disconnectFrame(extended: boolean): Uint8Array {
  return requestFrame(extended, {
    command: COMMAND.disconnect,
    cookieHigh: 0,
    cookieLow: 0,
    offset: 0,
    length: 0,
  });
}

function writeHeader(view: DataView, extended: boolean, flags: number, request: Request): void {
  view.setUint32(0, extended ? MAGIC.extendedRequest : MAGIC.request);
  view.setUint16(4, flags);
  view.setUint16(6, request.command);
  view.setUint32(8, request.cookieHigh);
  view.setUint32(12, request.cookieLow);
  setU64(view, 16, request.offset);
}

function setU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, Math.floor(value / 2 ** 32));
  view.setUint32(at + 4, value >>> 0);
}
