/** What the collectors of all kinds of replies have in common: errors, and what each collector offers. */
import { protocolError, serverText } from '../errors.ts';
import { parseErrorBody, type ReplyHeader } from './frames.ts';
import { CHUNK } from './protocol.ts';

/** A failed request: the server's error number and its text, safe to print. */
export interface RequestFailure {
  readonly errno: number;
  readonly text: string;
}

/** A reply being collected. `bodyOf` and `take` throw NbdError on what the protocol forbids. */
export interface ReplyCollector<T> {
  /** Where the body of a message goes. */
  bodyOf(header: ReplyHeader): Uint8Array;
  /** Takes a complete message. */
  take(header: ReplyHeader, body: Uint8Array): void;
  /** What came of it, asked once after the last message. */
  result(): { readonly value: T } | RequestFailure;
}

/** Where the body of an error chunk goes. Throws for chunks that do not belong to the kind of request. */
export function errorBody(header: ReplyHeader): Uint8Array {
  if ((header.type & CHUNK.errorBit) === 0) throw misplaced(header);
  return new Uint8Array(header.bodyLength);
}

/** The failure that a simple reply or an error chunk reports; undefined for an empty last chunk. */
export function failureOf(header: ReplyHeader, body: Uint8Array): RequestFailure | undefined {
  if (header.simple) {
    if (header.error === 0)
      throw protocolError('NBD_BAD_REPLY', 'a simple reply claims success where chunks were agreed on');
    return { errno: header.error, text: '' };
  }
  if (header.type === CHUNK.none) return undefined;
  if ((header.type & CHUNK.errorBit) === 0) throw misplaced(header);
  const { errno, text } = parseErrorBody(body);
  if (errno === 0) throw protocolError('NBD_BAD_REPLY', 'an error chunk carries error number 0');
  return { errno, text: serverText(text) };
}

function misplaced(header: ReplyHeader): Error {
  return protocolError(
    'NBD_BAD_REPLY',
    `a chunk of type ${header.type} does not belong to this kind of request`,
  );
}
