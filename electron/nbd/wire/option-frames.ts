/**
 * Messages of the handshake: a push parser for what the server sends and serializers for what the client sends.
 */
import { dataViewOf, uint64At } from '../../../shared/bytes.ts';
import { protocolError, serverText } from '../errors.ts';
import {
  HEADER_LENGTH,
  INFO,
  MAX_OPTION_DATA_BYTES,
  MAX_STRING_BYTES,
  NBD_MAGIC,
  OLD_STYLE_MAGIC,
  OPTION_MAGIC,
  OPTION_REPLY_MAGIC,
} from './protocol.ts';

/** One reply to an option. `data` is a separate copy. */
export interface OptionReply {
  readonly option: number;
  readonly type: number;
  readonly data: Uint8Array;
}

/** The receiver of the messages. What it throws comes out of `push`. */
export interface OptionSink {
  /** The greeting with the server's handshake flags, or that of an oldstyle server. Always first. */
  greeting(style: 'new' | 'old', flags: number): void;
  reply(reply: OptionReply): void;
}

/** A parser fed with bytes as they come. After it has thrown it must not be used again. */
export interface PushParser {
  /** Takes a piece of any length; keeps no reference to it. Throws NbdError on what the protocol forbids. */
  push(bytes: Uint8Array): void;
  /** True when no message is half read. */
  readonly isIdle: boolean;
}

/** A parser of the greeting and of option replies. Holds at most one reply of {@link MAX_OPTION_DATA_BYTES} bytes. */
export class OptionParser implements PushParser {
  readonly #sink: OptionSink;
  readonly #header = new Uint8Array(HEADER_LENGTH.optionReply);
  readonly #view = new DataView(this.#header.buffer);
  /** Bytes of the header that are there, and that the next step needs: 8, 16, then 18 of a greeting. */
  #have = 0;
  #need = 8;
  #isGreeted = false;
  #body: Uint8Array | undefined;
  #filled = 0;

  constructor(sink: OptionSink) {
    this.#sink = sink;
  }

  get isIdle(): boolean {
    return this.#have === 0;
  }

  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#body === undefined) {
        const count = Math.min(this.#need - this.#have, bytes.length - at);
        this.#header.set(bytes.subarray(at, at + count), this.#have);
        this.#have += count;
        at += count;
        if (this.#have < this.#need) return;
        if (this.#isGreeted) this.#beginReply();
        else this.#continueGreeting();
      } else {
        const count = Math.min(this.#body.length - this.#filled, bytes.length - at);
        this.#body.set(bytes.subarray(at, at + count), this.#filled);
        this.#filled += count;
        at += count;
        if (this.#filled === this.#body.length) this.#finishReply(this.#body);
      }
    }
  }

  /** Judges a greeting as early as possible. */
  #continueGreeting(): void {
    const view = this.#view;
    if (this.#have === 8) {
      if (!startsWith(view, 0, NBD_MAGIC))
        throw protocolError('NBD_BAD_MAGIC', 'the peer is not an NBD server');
      this.#need = 16;
    } else if (this.#have === 16) {
      if (startsWith(view, 8, OLD_STYLE_MAGIC)) this.#sink.greeting('old', 0);
      if (!startsWith(view, 8, OPTION_MAGIC))
        throw protocolError('NBD_BAD_MAGIC', 'the greeting is not an NBD greeting');
      this.#need = HEADER_LENGTH.greeting;
    } else {
      this.#isGreeted = true;
      this.#have = 0;
      this.#need = HEADER_LENGTH.optionReply;
      this.#sink.greeting('new', view.getUint16(16));
    }
  }

  #beginReply(): void {
    if (!startsWith(this.#view, 0, OPTION_REPLY_MAGIC))
      throw protocolError('NBD_BAD_MAGIC', 'a reply to an option begins with a wrong magic number');
    const length = this.#view.getUint32(16);
    if (length > MAX_OPTION_DATA_BYTES)
      throw protocolError('NBD_OVERSIZE', `a reply to an option announces ${length} bytes of data`);
    const body = new Uint8Array(length);
    this.#body = body;
    this.#filled = 0;
    if (length === 0) this.#finishReply(body);
  }

  #finishReply(data: Uint8Array): void {
    this.#body = undefined;
    this.#have = 0;
    this.#sink.reply({ option: this.#view.getUint32(8), type: this.#view.getUint32(12), data });
  }
}

function startsWith(view: DataView, at: number, magic: readonly [number, number]): boolean {
  return view.getUint32(at) === magic[0] && view.getUint32(at + 4) === magic[1];
}

/** The bytes of an option. */
export function optionFrame(option: number, data: Uint8Array = new Uint8Array(0)): Uint8Array {
  const frame = new Uint8Array(HEADER_LENGTH.optionRequest + data.length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, OPTION_MAGIC[0]);
  view.setUint32(4, OPTION_MAGIC[1]);
  view.setUint32(8, option);
  view.setUint32(12, data.length);
  frame.set(data, HEADER_LENGTH.optionRequest);
  return frame;
}

/** Data of INFO and GO: an export's name and the kinds of information wanted. */
export function infoData(exportName: string, kinds: readonly number[]): Uint8Array {
  const name = new TextEncoder().encode(exportName);
  const data = new Uint8Array(4 + name.length + 2 + 2 * kinds.length);
  const view = new DataView(data.buffer);
  view.setUint32(0, name.length);
  data.set(name, 4);
  view.setUint16(4 + name.length, kinds.length);
  kinds.forEach((kind, i) => {
    view.setUint16(6 + name.length + 2 * i, kind);
  });
  return data;
}

/** Data of LIST_META_CONTEXT and SET_META_CONTEXT: an export's name and the queries. */
export function metaContextData(exportName: string, queries: readonly string[]): Uint8Array {
  const encoder = new TextEncoder();
  const name = encoder.encode(exportName);
  const texts = queries.map(query => encoder.encode(query));
  const data = new Uint8Array(8 + name.length + texts.reduce((sum, text) => sum + 4 + text.length, 0));
  const view = new DataView(data.buffer);
  view.setUint32(0, name.length);
  data.set(name, 4);
  view.setUint32(4 + name.length, texts.length);
  let at = 8 + name.length;
  for (const text of texts) {
    view.setUint32(at, text.length);
    data.set(text, at + 4);
    at += 4 + text.length;
  }
  return data;
}

/** What a SERVER reply holds: an export's name and its description, both untrusted text. */
export function parseServer(data: Uint8Array): { name: string; description: string } {
  const view = dataViewOf(data);
  const length = data.length < 4 ? Number.POSITIVE_INFINITY : view.getUint32(0);
  if (length > data.length - 4)
    throw protocolError('NBD_BAD_REPLY', 'an export name does not fit into its reply');
  return { name: text(data.subarray(4, 4 + length)), description: serverText(data.subarray(4 + length)) };
}

/** What a META_CONTEXT reply holds. */
export function parseMetaContext(data: Uint8Array): { id: number; name: string } {
  if (data.length < 4) throw protocolError('NBD_BAD_REPLY', 'a context reply is shorter than 4 bytes');
  return { id: dataViewOf(data).getUint32(0), name: text(data.subarray(4)) };
}

/** What an INFO reply holds; undefined for kinds that are not known. `size` is exact only below 2^53. */
export type InfoReply =
  | { readonly kind: 'export'; readonly size: number; readonly flags: number }
  | { readonly kind: 'description'; readonly text: string }
  | {
      readonly kind: 'blockSize';
      readonly minimum: number;
      readonly preferred: number;
      readonly maximum: number;
    };

/** The content of an INFO reply; undefined for kinds this client has no use for. */
export function parseInfo(data: Uint8Array): InfoReply | undefined {
  const view = dataViewOf(data);
  const kind = data.length < 2 ? -1 : view.getUint16(0);
  switch (kind) {
    case -1:
      throw protocolError('NBD_BAD_REPLY', 'an information reply is shorter than 2 bytes');
    case INFO.export:
      expectLength(data, 12);
      return {
        kind: 'export',
        size: uint64At(view, 2),
        flags: view.getUint16(10),
      };
    case INFO.blockSize:
      expectLength(data, 14);
      return {
        kind: 'blockSize',
        minimum: view.getUint32(2),
        preferred: view.getUint32(6),
        maximum: view.getUint32(10),
      };
    case INFO.description:
      return { kind: 'description', text: serverText(data.subarray(2)) };
    default:
      return undefined;
  }
}

function expectLength(data: Uint8Array, length: number): void {
  if (data.length === length) return;
  throw protocolError(
    'NBD_BAD_REPLY',
    `an information reply holds ${data.length} bytes instead of ${length}`,
  );
}

function text(bytes: Uint8Array): string {
  if (bytes.length > MAX_STRING_BYTES)
    throw protocolError('NBD_OVERSIZE', `a name holds ${bytes.length} bytes`);
  return new TextDecoder().decode(bytes);
}
