/** Chunks of replies as they reach a collector, for tests. */
import type { ReplyHeader } from '../../../electron/nbd/wire/frames.ts';
import type { ReplyCollector } from '../../../electron/nbd/wire/reply-collector.ts';

/** The header of a chunk of a structured reply. */
export function chunkHeader(type: number, bodyLength: number, more: Partial<ReplyHeader> = {}): ReplyHeader {
  return {
    simple: false,
    done: false,
    type,
    error: 0,
    cookieHigh: 0,
    cookieLow: 0,
    requestOffset: -1,
    offset: -1,
    holeLength: 0,
    contextId: -1,
    bodyLength,
    ...more,
  };
}

/** Gives a chunk with this body to a collector. */
export function feedChunk(
  collector: ReplyCollector<unknown>,
  of: ReplyHeader,
  bytes: Uint8Array = new Uint8Array(0),
): void {
  const body = bytes.length === 0 ? new Uint8Array(0) : collector.bodyOf(of);
  body.set(bytes);
  collector.take(of, body);
}
