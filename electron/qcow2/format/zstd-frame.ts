/**
 * Where a zstd frame ends, from its headers alone (RFC 8878). A compressed cluster is stored with the rest of its last
 * sector, in which the next one may begin already: what follows the frame is not part of it.
 */
import { viewOf } from './bytes.ts';

const MAGIC = 0xfd2fb528;
/** Frames to be passed over have one of 16 magics. */
const SKIPPABLE_MAGIC = 0x184d2a50;
/** Bytes of a dictionary's id, and of the size of the content, by their flags in the frame's descriptor. */
const DICTIONARY_BYTES = [0, 1, 2, 4] as const;
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const;
const BLOCK_HEADER_BYTES = 3;
const RLE_BLOCK = 1;
const RESERVED_BLOCK = 3;

/** The offset behind the frame that begins at `start`; -1 where there is none, or where it is cut off. */
export function zstdFrameEnd(bytes: Uint8Array, start = 0): number {
  const view = viewOf(bytes);
  if (start + 5 > bytes.length) return -1;
  const magic = view.getUint32(start, true);
  if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) {
    if (start + 8 > bytes.length) return -1;
    return within(bytes, start + 8 + view.getUint32(start + 4, true));
  }
  if (magic !== MAGIC) return -1;
  const descriptor = view.getUint8(start + 4);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >>> 6;
  const sizeBytes = sizeFlag === 0 && isSingleSegment ? 1 : (CONTENT_SIZE_BYTES[sizeFlag] as number);
  let at = start + 5 + (isSingleSegment ? 0 : 1) + (DICTIONARY_BYTES[descriptor & 3] as number) + sizeBytes;
  for (let isLast = false; !isLast; ) {
    if (at + BLOCK_HEADER_BYTES > bytes.length) return -1;
    const header = view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
    const type = (header >>> 1) & 3;
    if (type === RESERVED_BLOCK) return -1;
    isLast = (header & 1) === 1;
    at += BLOCK_HEADER_BYTES + (type === RLE_BLOCK ? 1 : header >>> 3);
  }
  const hasChecksum = (descriptor & 4) !== 0;
  return within(bytes, at + (hasChecksum ? 4 : 0));
}

function within(bytes: Uint8Array, end: number): number {
  return end <= bytes.length ? end : -1;
}
