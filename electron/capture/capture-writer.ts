/** Writes captures: tables in the order of the file, a frame at a time. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { CowscopeError } from '../../shared/error.ts';
import { nextTurn } from '../../shared/scheduler.ts';
import { hasExtendedL2 } from '../qcow2/format/header.ts';
import type { Qcow2Image } from '../qcow2/read/image.ts';
import { MAIN_SLICE_MS, runInSlices } from '../qcow2/read/sliced-work.ts';
import { type ImageSource, readFully } from '../qcow2/read/source.ts';
import { type CollectedTables, collectTables } from './collect.ts';
import {
  type CapturedLayer,
  type CapturedResult,
  type CaptureEnd,
  type CaptureHead,
  CODEC,
  type Codec,
  DIGEST_BYTES,
  END_BYTE,
  END_HEADER_BYTES,
  frameHeader,
  MAX_CAPTURED_BYTES,
  MAX_FRAME_BYTES,
  MAX_FRAMES,
  MAX_KEPT_ERRORS,
} from './format.ts';
import { encodePlanes } from './planes.ts';
import { namePatches, type Patch, Tokens } from './redact.ts';

/** Takes the bytes of a capture in order. */
export type CaptureSink = (bytes: Uint8Array) => Promise<void>;

/** A layer to capture. */
export interface CaptureInput {
  /** With the name and path of the file as they are. */
  readonly about: CapturedLayer;
  /** The image; undefined for a raw layer, of which nothing but the description is taken. */
  readonly image: Qcow2Image | undefined;
}

/** How a capture is made. */
export interface CaptureOptions {
  readonly created: string;
  readonly tool: string;
  readonly qemu: string;
  readonly redact: boolean;
  /** Called with every frame: how many bytes of which layer were taken so far. */
  readonly onRead?: ((layer: number, bytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes a capture of the layers, base first. Resolves with what came of each. Rejects with the signal's reason, with what the
 * sink throws, and with QCOW2_READ_FAILED where the first cluster of an image cannot be read any more.
 */
export async function writeCapture(
  layers: readonly CaptureInput[],
  options: CaptureOptions,
  sink: CaptureSink,
): Promise<CaptureEnd> {
  const tokens = options.redact ? new Tokens() : undefined;
  const hash = createHash('sha256');
  const put: CaptureSink = bytes => {
    options.signal?.throwIfAborted();
    hash.update(bytes);
    return sink(bytes);
  };
  await put(recordBytes(`${JSON.stringify(headOf(layers, options, tokens))}\n`));
  const frames = new FrameWriter(put);
  const results: CapturedResult[] = [];
  for (const [index, { image }] of layers.entries()) {
    if (image === undefined) {
      results.push({ captured: 0, unchanged: true, left: 0, unread: [], unreadBytes: 0 });
      continue;
    }
    const { signal, onRead } = options;
    const tables = await runInSlices(collectTables(image, image.source.size), () => signal?.aborted === true);
    const patches = tokens === undefined ? [] : namePatches(image, tokens);
    const layer = new LayerCapture(index, image, patches, bytes => onRead?.(index, bytes));
    results.push(await layer.write(tables, frames, signal));
  }
  const end: CaptureEnd = { frames: frames.count, layers: results };
  const record = recordBytes(JSON.stringify(end));
  const header = new Uint8Array(END_HEADER_BYTES);
  header[0] = END_BYTE;
  new DataView(header.buffer).setUint32(4, record.length);
  await put(header);
  await put(record);
  await sink(hash.digest().subarray(0, DIGEST_BYTES));
  return end;
}

function recordBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function headOf(
  layers: readonly CaptureInput[],
  { created, tool, qemu, redact }: CaptureOptions,
  tokens: Tokens | undefined,
): CaptureHead {
  const about = layers.map(({ about }) =>
    tokens === undefined
      ? about
      : { ...about, name: tokenText(tokens.ofPath(recordBytes(about.name))), path: '' },
  );
  return { schema: 'cowscope.capture', version: 1, created, tool, qemu, redacted: redact, layers: about };
}

function tokenText(token: Uint8Array): string {
  return Buffer.from(token).toString('latin1');
}

/** Writes frames and counts them. */
class FrameWriter {
  readonly #put: CaptureSink;
  #count = 0;

  constructor(put: CaptureSink) {
    this.#put = put;
  }

  get count(): number {
    return this.#count;
  }

  /** False where no more frames may be written. */
  async write(
    layer: number,
    offset: number,
    length: number,
    codec: Codec,
    bytes: Uint8Array,
  ): Promise<boolean> {
    if (this.#count === MAX_FRAMES) return false;
    this.#count++;
    await this.#put(frameHeader({ codec, layer, offset, length, stored: bytes.length }, bytes, crc32));
    if (bytes.length > 0) await this.#put(bytes);
    return true;
  }
}

/** Bytes of a stretch that cannot be read that are tried one by one. */
const RETRY_BYTES = 4096;
const NO_BYTES = new Uint8Array(0);

/** The capture of one layer. */
class LayerCapture {
  readonly #layer: number;
  readonly #image: Qcow2Image;
  readonly #patches: readonly Patch[];
  #firstPatch = 0;
  readonly #onRead: (bytes: number) => void;
  readonly #buffer = new Uint8Array(MAX_FRAME_BYTES);
  readonly #unread: [number, number][] = [];
  /** Zeros that are not written yet. */
  #zeros = { start: 0, end: 0 };
  #captured = 0;
  #unreadBytes = 0;
  #left = 0;

  constructor(layer: number, image: Qcow2Image, patches: readonly Patch[], onRead: (bytes: number) => void) {
    this.#layer = layer;
    this.#image = image;
    this.#patches = [...patches].sort((a, b) => a.offset - b.offset);
    this.#onRead = onRead;
  }

  async write(
    { stretches, isCut }: CollectedTables,
    frames: FrameWriter,
    signal: AbortSignal | undefined,
  ): Promise<CapturedResult> {
    const before = rootsDigest(this.#image);
    this.#left = stretches.left + (isCut ? 1 : 0);
    let sliceEnd = performance.now() + MAIN_SLICE_MS;
    for (const [start, end] of stretches.all())
      for (let at = start; at < end; at += MAX_FRAME_BYTES) {
        await this.#piece(at, Math.min(MAX_FRAME_BYTES, end - at), frames);
        if (performance.now() < sliceEnd) continue;
        await nextTurn(); // nothing is written for holes, which may be terabytes: signals are heard in between
        signal?.throwIfAborted();
        sliceEnd = performance.now() + MAIN_SLICE_MS;
      }
    await this.#writeZeros(frames);
    return {
      captured: this.#captured,
      unchanged: before !== undefined && before === rootsDigest(this.#image),
      left: this.#left,
      unread: this.#unread,
      unreadBytes: this.#unreadBytes,
    };
  }

  async #piece(offset: number, length: number, frames: FrameWriter): Promise<void> {
    if (this.#captured >= MAX_CAPTURED_BYTES) {
      this.#left += length;
      return;
    }
    const bytes = this.#buffer.subarray(0, length);
    if (tryRead(this.#image.source, bytes, offset)) return this.#frame(offset, bytes, frames);
    if (length > RETRY_BYTES) {
      for (let at = 0; at < length; at += RETRY_BYTES)
        await this.#piece(offset + at, Math.min(RETRY_BYTES, length - at), frames);
      return;
    }
    this.#unreadBytes += length;
    const last = this.#unread.at(-1);
    if (last !== undefined && last[0] + last[1] === offset) last[1] += length;
    else if (this.#unread.length < MAX_KEPT_ERRORS) this.#unread.push([offset, length]);
  }

  async #frame(offset: number, bytes: Uint8Array, frames: FrameWriter): Promise<void> {
    this.#patch(offset, bytes);
    this.#captured += bytes.length;
    this.#onRead(this.#captured);
    if (isZeros(bytes)) {
      if (this.#zeros.end !== offset) {
        await this.#writeZeros(frames);
        this.#zeros = { start: offset, end: offset };
      }
      this.#zeros.end = offset + bytes.length;
      return;
    }
    await this.#writeZeros(frames);
    const isWide = hasExtendedL2(this.#image.header);
    const coded = encodePlanes(bytes, isWide ? 2 : 1);
    const isShorter = coded.length < bytes.length;
    const codec = !isShorter ? CODEC.plain : isWide ? CODEC.widePlanes : CODEC.planes;
    await this.#put(frames, offset, bytes.length, codec, isShorter ? coded : bytes);
  }

  async #writeZeros(frames: FrameWriter): Promise<void> {
    const { start, end } = this.#zeros;
    this.#zeros = { start: end, end };
    if (end > start) await this.#put(frames, start, end - start, CODEC.zeros, NO_BYTES);
  }

  async #put(frames: FrameWriter, offset: number, length: number, codec: Codec, bytes: Uint8Array) {
    if (await frames.write(this.#layer, offset, length, codec, bytes)) return;
    this.#captured -= length;
    this.#left += length;
  }

  /** Pieces come in ascending order: patches that end before one are not looked at again. */
  #patch(offset: number, bytes: Uint8Array): void {
    const patches = this.#patches;
    const isPassed = ({ offset: start, bytes: { length } }: Patch) => start + length <= offset;
    while (this.#firstPatch < patches.length && isPassed(patches[this.#firstPatch] as Patch))
      this.#firstPatch++;
    for (let i = this.#firstPatch; i < patches.length; i++) {
      const patch = patches[i] as Patch;
      if (patch.offset >= offset + bytes.length) break;
      const from = Math.max(offset, patch.offset);
      const to = Math.min(offset + bytes.length, patch.offset + patch.bytes.length);
      if (from < to) bytes.set(patch.bytes.subarray(from - patch.offset, to - patch.offset), from - offset);
    }
  }
}

/** Past the end of a file that has become shorter are zeros, as qemu reads them. */
function tryRead(source: ImageSource, into: Uint8Array, position: number): boolean {
  try {
    readFully(source, into, position);
    return true;
  } catch (error) {
    if (!(error instanceof CowscopeError)) throw error;
    return false;
  }
}

function isZeros(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== 0) return false;
  return true;
}

/** A digest of the first cluster and the active L1 table as they are now; undefined where they cannot be read. */
function rootsDigest({ source, geometry, header }: Qcow2Image): string | undefined {
  const hash = createHash('sha256');
  const bytes = new Uint8Array(MAX_FRAME_BYTES);
  const stretches: [number, number][] = [
    [0, geometry.clusterSize],
    [header.l1TableOffset, header.l1Size * 8],
  ];
  for (const [start, length] of stretches) {
    const end = Math.min(source.size, start + length);
    for (let at = start; at < end; at += bytes.length) {
      const piece = bytes.subarray(0, Math.min(bytes.length, end - at));
      if (!tryRead(source, piece, at)) return undefined;
      hash.update(piece);
    }
  }
  return hash.digest('hex');
}
