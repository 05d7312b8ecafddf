/**
 * What the headers of a zstd frame tell (RFC 8878). A compressed cluster is stored with the rest of its last sector, in
 * which the next one may begin already: what follows the frame is not part of it.
 */
import { dataViewOf } from '../../../shared/bytes.ts';

const MAGIC = 0xfd2fb528;
/** Frames to be passed over have one of 16 magics. */
const SKIPPABLE_MAGIC = 0x184d2a50;
/** Bytes of a dictionary's id, and of the size of the content, by their flags in the frame's descriptor. */
const DICTIONARY_BYTES = [0, 1, 2, 4] as const;
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const;
const BLOCK_HEADER_BYTES = 3;
const RLE_BLOCK = 1;
const COMPRESSED_BLOCK = 2;
const RESERVED_BLOCK = 3;

/** A frame that is whole. */
export interface ZstdFrame {
  /** The offset behind it. */
  readonly end: number;
  /** True of a frame that is passed over, and of one whose blocks hold nothing. */
  readonly isEmpty: boolean;
  /** The content size that its header records, if it does. */
  readonly contentSize: number | undefined;
  /** Bytes that a decoder has to remember. */
  readonly windowSize: number;
}

/** The frame that begins at `start`; undefined where there is none, or where it is cut off. */
export function zstdFrameAt(bytes: Uint8Array, start = 0): ZstdFrame | undefined {
  const view = dataViewOf(bytes);
  if (start + 5 > bytes.length) return undefined;
  const magic = view.getUint32(start, true);
  if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) {
    if (start + 8 > bytes.length) return undefined;
    const end = start + 8 + view.getUint32(start + 4, true);
    return end > bytes.length ? undefined : { end, isEmpty: true, contentSize: 0, windowSize: 0 };
  }
  if (magic !== MAGIC) return undefined;
  const descriptor = view.getUint8(start + 4);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >>> 6;
  const sizeBytes = sizeFlag === 0 && isSingleSegment ? 1 : (CONTENT_SIZE_BYTES[sizeFlag] as number);
  const sizeAt = start + 5 + (isSingleSegment ? 0 : 1) + (DICTIONARY_BYTES[descriptor & 3] as number);
  const firstBlock = sizeAt + sizeBytes;
  if (firstBlock > bytes.length) return undefined;
  const contentSize = contentSizeAt(view, sizeAt, sizeBytes);
  const windowSize = isSingleSegment ? (contentSize ?? 0) : windowSizeOf(view.getUint8(start + 5));
  const blocks = readBlocks(view, firstBlock);
  const hasChecksum = (descriptor & 4) !== 0;
  const end = blocks.end + (hasChecksum ? 4 : 0);
  if (blocks.end < 0 || end > bytes.length) return undefined;
  const isEmpty = blocks.areEmpty && (contentSize ?? 0) === 0;
  return { end, isEmpty, contentSize, windowSize };
}

function contentSizeAt(view: DataView, at: number, bytes: number): number | undefined {
  if (bytes === 0) return undefined;
  if (bytes === 1) return view.getUint8(at);
  if (bytes === 2) return view.getUint16(at, true) + 256;
  const low = view.getUint32(at, true);
  return bytes === 4 ? low : low + view.getUint32(at + 4, true) * 2 ** 32;
}

/** Source: RFC 8878, "Window Descriptor". */
function windowSizeOf(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >>> 3));
  return base + (base / 8) * (descriptor & 7);
}

/** Where the blocks from `at` on end, -1 where they are cut off or of no known kind, and whether none holds anything. */
function readBlocks(view: DataView, at: number): { readonly end: number; readonly areEmpty: boolean } {
  let end = at;
  let areEmpty = true;
  for (let isLast = false; !isLast; ) {
    if (end + BLOCK_HEADER_BYTES > view.byteLength) return { end: -1, areEmpty };
    const header = view.getUint16(end, true) | (view.getUint8(end + 2) << 16);
    const type = (header >>> 1) & 3;
    const size = header >>> 3;
    if (type === RESERVED_BLOCK) return { end: -1, areEmpty };
    isLast = (header & 1) === 1;
    areEmpty &&= type !== COMPRESSED_BLOCK && size === 0;
    end += BLOCK_HEADER_BYTES + (type === RLE_BLOCK ? 1 : size);
  }
  return { end, areEmpty };
}
