/** The bytes of NBD messages as a server sends them, well-formed or not. Numbers may be bigint where they are u64. */

/** Big-endian bytes of a u16. */
export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

/** Big-endian bytes of a u32. */
export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Big-endian bytes of a u64. */
export function u64(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

/** The greeting of a newstyle server; flags 3 are fixed newstyle without zeroes. */
export function greeting(flags = 3): Buffer {
  return Buffer.concat([Buffer.from('NBDMAGICIHAVEOPT'), u16(flags)]);
}

/** The greeting of an oldstyle server. */
export function oldStyleGreeting(size = 1 << 20): Buffer {
  const magic = Buffer.from('0000420281861253', 'hex');
  return Buffer.concat([Buffer.from('NBDMAGIC'), magic, u64(size), u32(0), Buffer.alloc(124)]);
}

/** A reply to an option; `length` overrides the length it announces. */
export function optionReply(
  option: number,
  type: number,
  data: Uint8Array = Buffer.alloc(0),
  length = data.length,
): Buffer {
  return Buffer.concat([Buffer.from('0003e889045565a9', 'hex'), u32(option), u32(type), u32(length), data]);
}

/** Data of a SERVER reply. */
export function serverData(name: string, description = ''): Buffer {
  return Buffer.concat([u32(Buffer.byteLength(name)), Buffer.from(name), Buffer.from(description)]);
}

/** Data of a META_CONTEXT reply. */
export function contextData(id: number, name: string): Buffer {
  return Buffer.concat([u32(id), Buffer.from(name)]);
}

/** Data of an INFO reply about size and flags. */
export function exportInfo(size: number | bigint, flags: number): Buffer {
  return Buffer.concat([u16(0), u64(size), u16(flags)]);
}

/** Data of an INFO reply about block sizes. */
export function blockSizeInfo(minimum: number, preferred: number, maximum: number): Buffer {
  return Buffer.concat([u16(3), u32(minimum), u32(preferred), u32(maximum)]);
}

/** What a reply answers, and in which form. */
export interface ReplyTo {
  readonly extended: boolean;
  readonly cookie: bigint;
  readonly offset: number | bigint;
}

/** A simple reply. */
export function simpleReply(cookie: bigint, error: number): Buffer {
  return Buffer.concat([u32(0x67446698), u32(error), u64(cookie)]);
}

/** A chunk; `length` overrides the length it announces. */
export function chunk(
  to: ReplyTo,
  type: number,
  payload: Uint8Array,
  done = true,
  length: number | bigint = payload.length,
): Buffer {
  const flags = u16(done ? 1 : 0);
  const rest = [flags, u16(type), u64(to.cookie)];
  return to.extended
    ? Buffer.concat([u32(0x6e8a278c), ...rest, u64(to.offset), u64(length), payload])
    : Buffer.concat([u32(0x668e33ef), ...rest, u32(Number(length)), payload]);
}

/** One extent: its length and its flags. */
export type Extent = readonly [length: number | bigint, flags: number | bigint];

/** A status chunk for one context, in the form that fits the headers. */
export function statusChunk(to: ReplyTo, id: number, extents: readonly Extent[], done: boolean): Buffer {
  const list = entries(extents, to.extended);
  return to.extended
    ? chunk(to, 6, Buffer.concat([u32(id), u32(extents.length), list]), done)
    : chunk(to, 5, Buffer.concat([u32(id), list]), done);
}

/** The entries of a status list. */
export function entries(extents: readonly Extent[], wide: boolean): Buffer {
  const step = wide ? 16 : 8;
  const bytes = Buffer.alloc(step * extents.length);
  extents.forEach(([length, flags], i) => {
    if (wide) {
      bytes.writeBigUInt64BE(BigInt(length), i * 16);
      bytes.writeBigUInt64BE(BigInt(flags), i * 16 + 8);
    } else {
      bytes.writeUInt32BE(Number(length), i * 8);
      bytes.writeUInt32BE(Number(flags), i * 8 + 4);
    }
  });
  return bytes;
}

/** An error chunk. */
export function errorChunk(to: ReplyTo, errno: number, text = '', done = true): Buffer {
  return chunk(
    to,
    0x8001,
    Buffer.concat([u32(errno), u16(Buffer.byteLength(text)), Buffer.from(text)]),
    done,
  );
}

/** A chunk of data. */
export function dataChunk(to: ReplyTo, offset: number | bigint, data: Uint8Array, done: boolean): Buffer {
  return chunk(to, 1, Buffer.concat([u64(offset), data]), done);
}

/** A chunk that stands for zeros. */
export function holeChunk(to: ReplyTo, offset: number | bigint, length: number, done: boolean): Buffer {
  return chunk(to, 2, Buffer.concat([u64(offset), u32(length)]), done);
}
