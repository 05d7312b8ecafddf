/**
 * Opens captures: reads one from beginning to end, proves its checksums, and lists where each frame lies. Every number in it is
 * bounded before it is used, and nothing is decoded.
 */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import * as v from 'valibot';
import { dataViewOf } from '../../shared/bytes.ts';
import { CowscopeError } from '../../shared/error.ts';
import { MAX_OFFSET } from '../../shared/extent/table.ts';
import { MAX_LAYERS } from '../../shared/model/layer.ts';
import { formatOffset } from '../../shared/text/offset.ts';
import type { FrameIndex } from '../qcow2/read/source.ts';
import {
  CAPTURE_SCHEMA,
  CAPTURE_VERSION,
  type CapturedLayer,
  type CaptureEnd,
  type CaptureHead,
  CODEC,
  DIGEST_BYTES,
  END_BYTE,
  END_HEADER_BYTES,
  FRAME_BYTE,
  FRAME_HEADER_BYTES,
  type FrameHeader,
  MAX_FRAME_BYTES,
  MAX_FRAMES,
  MAX_KEPT_ERRORS,
  MAX_RECORD_BYTES,
  MAX_STORED_BYTES,
  parseFrameHeader,
} from './format.ts';

/** A capture that was read to its end. */
export interface ReadCapture {
  readonly head: CaptureHead;
  readonly end: CaptureEnd;
  /** For each layer where its captured bytes lie. */
  readonly frames: readonly FrameIndex[];
}

const offset = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MAX_OFFSET));
const text = (most: number) => v.pipe(v.string(), v.maxLength(most));
const link = v.object({
  status: v.picklist(['opened', 'none', 'missing', 'needsConsent', 'cut', 'refused']),
  code: text(64),
});
const HEAD = v.object({
  schema: v.literal(CAPTURE_SCHEMA),
  version: v.literal(CAPTURE_VERSION),
  created: v.pipe(text(40), v.isoTimestamp()),
  tool: text(100),
  qemu: text(100),
  redacted: v.boolean(),
  layers: v.pipe(
    v.array(
      v.object({
        name: text(4096),
        path: text(16_384),
        format: v.picklist(['qcow2', 'qcow', 'raw']),
        formatSource: v.picklist(['magic', 'recorded', 'given', 'assumed', 'inferred']),
        content: v.picklist([
          ...['qcow2', 'qcow', 'raw', 'vmdk', 'vdi', 'vhdx', 'vhd', 'luks', 'parallels', 'qed', 'iso'],
          ...['dmg', 'bochs', 'cloop'],
        ] as (CapturedLayer['content'] & string)[]),
        fileSize: offset,
        allocated: v.union([v.literal(-1), offset]),
        modified: v.union([v.literal(-1), offset]),
        device: v.boolean(),
        inUse: v.boolean(),
        backing: link,
        dataFile: v.exactOptional(link),
      }),
    ),
    v.minLength(1),
    v.maxLength(MAX_LAYERS),
  ),
});
const END = v.object({
  frames: offset,
  layers: v.array(
    v.object({
      captured: offset,
      unchanged: v.boolean(),
      left: offset,
      unread: v.pipe(v.array(v.tuple([offset, offset])), v.maxLength(MAX_KEPT_ERRORS)),
      unreadBytes: offset,
    }),
  ),
});

/**
 * Reads a capture. Rejects with CAPTURE_CUT where it ends early, CAPTURE_DAMAGED where a checksum or the form is wrong,
 * CAPTURE_VERSION where it is of a later version, and what reading the file throws.
 */
export async function readCapture(handle: FileHandle, size: number, path: string): Promise<ReadCapture> {
  const input = new CaptureInput(handle, size, path);
  const head = parseHead(await input.line(), path);
  const lists = head.layers.map(({ fileSize, allocated }) => new FrameList(fileSize, allocated));
  let count = 0;
  let layer = 0;
  for (;;) {
    // A capture has up to four million frames: one that is held is taken without a turn of the event loop.
    const [kind] = input.holds(1) ? input.held(1) : await input.peek(1);
    if (kind === END_BYTE) break;
    if (kind !== FRAME_BYTE) throw damaged(path, 'a frame begins otherwise than a frame does');
    if (count++ === MAX_FRAMES) throw damaged(path, 'it has too many frames');
    const isHeld = input.holds(FRAME_HEADER_BYTES);
    const header = isHeld ? input.takeHeld(FRAME_HEADER_BYTES) : await input.take(FRAME_HEADER_BYTES);
    const frame = parseFrameHeader(header, crc32);
    const list = lists[frame.layer];
    if (list === undefined || frame.layer < layer || frame.stored > MAX_STORED_BYTES)
      throw damaged(path, 'a frame is of no layer, of an earlier one, or too long');
    ({ layer } = frame);
    const position = input.position;
    const { stored } = frame;
    const bytes = input.holds(stored) ? input.takeHeld(stored) : await input.take(stored);
    if (crc32(bytes, frame.begun) !== frame.checksum)
      throw damaged(path, `the checksum of the frame at ${formatOffset(position)} is wrong`);
    if (!list.add(frame, position))
      throw damaged(path, `the frame at ${formatOffset(position)} has no valid place or length`);
  }
  const end = await parseEnd(input, head, count);
  return { head, end, frames: lists.map(list => list.index()) };
}

function parseHead(line: Uint8Array, path: string): CaptureHead {
  const head = parseJson(line);
  if (typeof head === 'object' && head !== null && 'version' in head && head.version !== CAPTURE_VERSION)
    throw new CowscopeError({
      code: 'CAPTURE_VERSION',
      what: 'the capture is of a version that is not known here',
      subject: path,
      advice: 'open it with a newer cowscope',
    });
  const parsed = v.safeParse(HEAD, head);
  if (!parsed.success) throw damaged(path, 'its first line is not that of a capture');
  return parsed.output;
}

async function parseEnd(input: CaptureInput, head: CaptureHead, frames: number): Promise<CaptureEnd> {
  const { path } = input;
  const header = await input.take(END_HEADER_BYTES);
  const length = dataViewOf(header).getUint32(4);
  if (length > MAX_RECORD_BYTES) throw damaged(path, 'the record at its end is too long');
  const parsed = v.safeParse(END, parseJson(await input.take(length)));
  if (
    !parsed.success ||
    parsed.output.layers.length !== head.layers.length ||
    parsed.output.frames !== frames
  )
    throw damaged(path, 'the record at its end does not fit what lies before it');
  const digest = input.digest();
  const stored = await input.take(DIGEST_BYTES);
  if (!digest.equals(stored)) throw damaged(path, 'its SHA-256 is wrong');
  if (!input.isAtEnd) throw damaged(path, 'something follows its end');
  return parsed.output;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

/** The frames of one layer, in lists that grow. */
class FrameList {
  readonly #fileSize: number;
  readonly #bytesOnDisk: number;
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #codecs: number[] = [];
  readonly #positions: number[] = [];
  readonly #lengths: number[] = [];

  constructor(fileSize: number, bytesOnDisk: number) {
    this.#fileSize = fileSize;
    this.#bytesOnDisk = bytesOnDisk;
  }

  /** False for a frame that lies before the end of the last one or past the file, or whose lengths do not fit its codec. */
  add({ codec, offset: start, length, stored }: FrameHeader, position: number): boolean {
    const end = start + length;
    const isCoded = codec === CODEC.planes || codec === CODEC.widePlanes;
    const fits =
      codec === CODEC.zeros
        ? stored === 0
        : length <= MAX_FRAME_BYTES && (isCoded ? stored > 0 : codec === CODEC.plain && stored === length);
    if (!fits || length <= 0 || end > this.#fileSize || start < (this.#ends.at(-1) ?? 0)) return false;
    this.#starts.push(start);
    this.#ends.push(end);
    this.#codecs.push(codec);
    this.#positions.push(position);
    this.#lengths.push(stored);
    return true;
  }

  index(): FrameIndex {
    return {
      starts: Float64Array.from(this.#starts),
      ends: Float64Array.from(this.#ends),
      codecs: Uint8Array.from(this.#codecs),
      positions: Float64Array.from(this.#positions),
      lengths: Uint32Array.from(this.#lengths),
      bytesOnDisk: this.#bytesOnDisk,
    };
  }
}

const READ_BYTES = 2 ** 20;

/** A capture's bytes in order, each of which goes into its digest once it was taken. */
class CaptureInput {
  readonly path: string;
  readonly #handle: FileHandle;
  readonly #size: number;
  readonly #hash = createHash('sha256');
  #buffer: Uint8Array = new Uint8Array(0);
  /** Where the buffer lies in the file, and how much of it was taken. */
  #start = 0;
  #taken = 0;
  /** How much of the buffer is in the digest. */
  #digested = 0;

  constructor(handle: FileHandle, size: number, path: string) {
    this.#handle = handle;
    this.#size = size;
    this.path = path;
  }

  /** Where the next byte lies. */
  get position(): number {
    return this.#start + this.#taken;
  }

  get isAtEnd(): boolean {
    return this.position >= this.#size;
  }

  /** The next bytes, without taking them. Rejects with CAPTURE_CUT. */
  async peek(length: number): Promise<Uint8Array> {
    if (!this.holds(length)) await this.#fill(length);
    return this.held(length);
  }

  /** True where the next bytes are in memory. */
  holds(length: number): boolean {
    return this.#buffer.length - this.#taken >= length;
  }

  /** The next bytes, which are in memory, without taking them. */
  held(length: number): Uint8Array {
    return this.#buffer.subarray(this.#taken, this.#taken + length);
  }

  /** As {@link take}, of bytes that are in memory. */
  takeHeld(length: number): Uint8Array {
    const bytes = this.held(length);
    this.#taken += length;
    return bytes;
  }

  /** The next bytes; valid until more are taken. Rejects with CAPTURE_CUT. */
  async take(length: number): Promise<Uint8Array> {
    if (!this.holds(length)) await this.#fill(length);
    return this.takeHeld(length);
  }

  /** The next line without its end. Rejects with CAPTURE_CUT, or CAPTURE_DAMAGED for one that is too long. */
  async line(): Promise<Uint8Array> {
    for (let length = 4096; ; length = Math.min(2 * length, this.#size)) {
      const bytes = await this.peek(Math.min(length, this.#size - this.position));
      const end = bytes.indexOf(0x0a);
      if (end >= 0) return (await this.take(end + 1)).slice(0, end);
      if (bytes.length > MAX_RECORD_BYTES) throw damaged(this.path, 'its first line is too long');
      if (bytes.length >= this.#size) throw cut(this.path);
    }
  }

  /** The digest of everything that was taken. */
  digest(): Buffer {
    this.#digest();
    return this.#hash.copy().digest();
  }

  /** What was taken since the last call goes into the digest at once: a call for each frame takes longer than the sum. */
  #digest(): void {
    this.#hash.update(this.#buffer.subarray(this.#digested, this.#taken));
    this.#digested = this.#taken;
  }

  async #fill(length: number): Promise<void> {
    if (this.position + length > this.#size) throw cut(this.path);
    this.#digest();
    const rest = this.#buffer.subarray(this.#taken);
    const wanted = Math.min(Math.max(READ_BYTES, length), this.#size - this.position);
    const buffer = new Uint8Array(wanted);
    buffer.set(rest);
    this.#start = this.position;
    this.#taken = 0;
    this.#digested = 0;
    for (let done = rest.length; done < wanted; ) {
      const { bytesRead } = await this.#handle.read(buffer, done, wanted - done, this.#start + done);
      if (bytesRead === 0) throw cut(this.path);
      done += bytesRead;
    }
    this.#buffer = buffer;
  }
}

function cut(path: string): CowscopeError {
  return new CowscopeError({
    code: 'CAPTURE_CUT',
    what: 'the capture ends early',
    subject: path,
    advice: 'ask for it again: it was cut on its way, or the program that wrote it was ended',
  });
}

function damaged(path: string, what: string): CowscopeError {
  return new CowscopeError({
    code: 'CAPTURE_DAMAGED',
    what: `the capture is damaged: ${what}`,
    subject: path,
    advice: 'ask for it again: it was changed on its way, or is no capture',
  });
}
