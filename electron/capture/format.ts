/**
 * The form of a capture, as docs/formats/capture.md describes it: a JSON line, frames, a JSON record, a SHA-256. Numbers are
 * big endian.
 */
import { dataViewOf } from '../../shared/bytes.ts';
import type { FormatSource, ImageFormat, LinkStatus } from '../../shared/model/layer.ts';

/** Name and version in the first line. */
export const CAPTURE_SCHEMA = 'cowscope.capture';
export const CAPTURE_VERSION = 1;
/** What every capture begins with. */
export const CAPTURE_MAGIC = `{"schema":"${CAPTURE_SCHEMA}","version":`;

/** Most bytes of the first line and of the record at the end. */
export const MAX_RECORD_BYTES = 2 ** 22;
/** Most bytes of a file that one coded frame holds. */
export const MAX_FRAME_BYTES = 2 ** 18;
/** Most bytes that a frame takes: its bytes as they are, and what deflate adds to what it cannot shorten. */
export const MAX_STORED_BYTES = MAX_FRAME_BYTES + 2 ** 16;
/** Most frames of a capture. */
export const MAX_FRAMES = 2 ** 22;
/** Most bytes of one file that are captured, and most stretches of it: more is left out, and the capture records that. */
export const MAX_CAPTURED_BYTES = 2 ** 34;
export const MAX_STRETCHES = 2 ** 21;

/** First byte of a frame, and of the record behind the last one. */
export const FRAME_BYTE = 0x46;
export const END_BYTE = 0x45;
export const FRAME_HEADER_BYTES = 28;
/** Bytes of a frame's header that its checksum covers. */
const CHECKED_HEADER_BYTES = 24;
export const END_HEADER_BYTES = 8;
export const DIGEST_BYTES = 32;

/** How the bytes of a frame are coded. */
export const CODEC = {
  /** As they are. */
  plain: 0,
  /** Words in planes, each as its difference from the word before it. */
  planes: 1,
  /** The same, from the word before that: entries of 16 bytes. */
  widePlanes: 2,
  /** Zeros, for which nothing is stored. */
  zeros: 3,
} as const;

/** One of {@link CODEC}. */
export type Codec = (typeof CODEC)[keyof typeof CODEC];

/** A link of a captured layer: what became of it when the capture was made. */
export interface CapturedLink {
  readonly status: LinkStatus;
  /** Code of the error where it was not opened, else empty. */
  readonly code: string;
}

/** One layer, as the first line of a capture has it. Texts are untrusted. */
export interface CapturedLayer {
  /** The file's name, or what stands for it. */
  readonly name: string;
  /** Its absolute path; empty where names are replaced. */
  readonly path: string;
  readonly format: Extract<ImageFormat, 'qcow2' | 'qcow' | 'raw'>;
  readonly formatSource: FormatSource;
  /** The format by its content. */
  readonly content: ImageFormat;
  /** Length of the file, and bytes that it occupies on its disk; -1 where that is not known. */
  readonly fileSize: number;
  readonly allocated: number;
  /** When the file was last changed, in milliseconds since 1970; -1 where that is not known. */
  readonly modified: number;
  readonly device: boolean;
  /** Another program had it open for writing. */
  readonly inUse: boolean;
  readonly backing: CapturedLink;
  /** Absent without an external data file. */
  readonly dataFile?: CapturedLink;
}

/** The first line of a capture. */
export interface CaptureHead {
  readonly schema: typeof CAPTURE_SCHEMA;
  readonly version: typeof CAPTURE_VERSION;
  /** When it was begun: a date and time of ISO 8601, in UTC. */
  readonly created: string;
  /** Name and version of the program that made it. */
  readonly tool: string;
  /** Version of qemu-img on that machine; empty where there is none. */
  readonly qemu: string;
  /** Names are replaced. */
  readonly redacted: boolean;
  /** Base first. */
  readonly layers: readonly CapturedLayer[];
}

/** What came of one layer, in the record behind the last frame. */
export interface CapturedResult {
  /** Bytes of the file that the frames hold. */
  readonly captured: number;
  /** The file's first cluster and L1 table, read again at the end, were as they were captured. */
  readonly unchanged: boolean;
  /** Bytes of tables that were left out because there were too many. */
  readonly left: number;
  /** Stretches that could not be read: offset and length. The first {@link MAX_KEPT_ERRORS} of them. */
  readonly unread: readonly (readonly [offset: number, length: number])[];
  /** All bytes that could not be read. */
  readonly unreadBytes: number;
}

/** Stretches that could not be read that are listed of a layer. */
export const MAX_KEPT_ERRORS = 1024;

/** The record behind the last frame. */
export interface CaptureEnd {
  readonly frames: number;
  readonly layers: readonly CapturedResult[];
}

/** The head of a frame, without its checksum. */
export interface FrameHeader {
  readonly codec: Codec;
  readonly layer: number;
  readonly offset: number;
  /** Bytes of the layer's file that it holds. */
  readonly length: number;
  /** Bytes that follow the header. */
  readonly stored: number;
}

/** A frame's header; its checksum is the `crc32` of the header's first bytes and the stored bytes. */
export function frameHeader(
  { codec, layer, offset, length, stored }: FrameHeader,
  bytes: Uint8Array,
  crc32: (bytes: Uint8Array, value?: number) => number,
): Uint8Array {
  const header = new Uint8Array(FRAME_HEADER_BYTES);
  const view = new DataView(header.buffer);
  view.setUint8(0, FRAME_BYTE);
  view.setUint8(1, codec);
  view.setUint16(2, layer);
  view.setUint32(4, stored);
  view.setBigUint64(8, BigInt(offset));
  view.setBigUint64(16, BigInt(length));
  view.setUint32(24, crc32(bytes, crc32(header.subarray(0, CHECKED_HEADER_BYTES))));
  return header;
}

/** What a frame's header says, with the checksum of its first bytes so far and the one that is stored. */
export function parseFrameHeader(
  header: Uint8Array,
  crc32: (bytes: Uint8Array, value?: number) => number,
): FrameHeader & { readonly begun: number; readonly checksum: number } {
  const view = dataViewOf(header);
  return {
    codec: view.getUint8(1) as Codec, // judged by the reader
    layer: view.getUint16(2),
    stored: view.getUint32(4),
    offset: Number(view.getBigUint64(8)),
    length: Number(view.getBigUint64(16)),
    begun: crc32(header.subarray(0, CHECKED_HEADER_BYTES)),
    checksum: view.getUint32(24),
  };
}
