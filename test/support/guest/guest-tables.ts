/** Disks with partition tables and signatures, written byte by byte from the specifications, for tests. */
import type { GuestReader } from '../../../electron/guest/guest-reader.ts';
import { CowscopeError } from '../../../shared/error.ts';

/** One partition of a GPT, in sectors. */
export interface GptSpec {
  /** The entry, from 1. Default: the next one. */
  readonly number?: number;
  readonly first: number;
  readonly last: number;
  /** GUID; default: Linux filesystem. */
  readonly type?: string;
  readonly guid?: string;
  readonly name?: string;
}

/** One entry of a boot record, in sectors. */
export interface MbrSpec {
  readonly type: number;
  readonly start: number;
  readonly sectors: number;
  readonly boot?: number;
}

/** The type of a partition for a file system of Linux. */
export const LINUX = '0fc63daf-8483-4772-8e79-3d69d8477de4';
/** The type of the EFI system partition. */
export const EFI = 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b';
/** The GUID of every disk made here. */
const DISK_GUID = '11223344-5566-7788-99aa-bbccddeeff00';
/** Entries of a GPT made here, and bytes of each. */
const ENTRIES = 128;
const ENTRY_BYTES = 128;

/** CRC-32 bit by bit. */
function checksum(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes)
    for (let bit = 0; bit < 8; bit++)
      value = (value ^ (byte >> bit)) & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return ~value >>> 0;
}

function guidBytes(guid: string): Uint8Array {
  const bytes = Buffer.from(guid.replaceAll('-', ''), 'hex');
  return Uint8Array.from([3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15], i => bytes[i]!);
}

/** The bytes of a disk, and what can be written into them. */
export class GuestBytes {
  readonly bytes: Uint8Array;
  readonly sectorSize: number;
  readonly #view: DataView;

  constructor(size: number, sectorSize = 512) {
    this.bytes = new Uint8Array(size);
    this.#view = new DataView(this.bytes.buffer);
    this.sectorSize = sectorSize;
  }

  /** The last sector. */
  get lastSector(): number {
    return this.bytes.length / this.sectorSize - 1;
  }

  put(at: number, bytes: Uint8Array | string): this {
    this.bytes.set(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes, at);
    return this;
  }

  u16(at: number, value: number, littleEndian = true): this {
    this.#view.setUint16(at, value, littleEndian);
    return this;
  }

  u32(at: number, value: number, littleEndian = true): this {
    this.#view.setUint32(at, value, littleEndian);
    return this;
  }

  u64(at: number, value: number | bigint, littleEndian = true): this {
    this.#view.setBigUint64(at, BigInt(value), littleEndian);
    return this;
  }

  /** A boot record at a byte offset: the master boot record, or an extended one. */
  bootRecord(entries: readonly MbrSpec[], { at = 0, id = 0 } = {}): this {
    entries.forEach(({ type, start, sectors, boot = 0 }, i) => {
      const entry = at + 446 + 16 * i;
      this.bytes[entry] = boot;
      this.bytes[entry + 4] = type;
      this.u32(entry + 8, start).u32(entry + 12, sectors);
    });
    if (id !== 0) this.u32(at + 440, id);
    return this.put(at + 510, Uint8Array.of(0x55, 0xaa));
  }

  /** A protective boot record and both copies of a GPT. */
  gpt(partitions: readonly GptSpec[], { end = this.lastSector, isProtected = true } = {}): this {
    if (isProtected) this.bootRecord([{ type: 0xee, start: 1, sectors: Math.min(end, 0xffffffff) }]);
    const listSectors = (ENTRIES * ENTRY_BYTES) / this.sectorSize;
    this.gptCopy(partitions, { sector: 1, other: end, list: 2, end });
    return this.gptCopy(partitions, { sector: end, other: 1, list: end - listSectors, end });
  }

  /** One copy of a GPT. */
  gptCopy(
    partitions: readonly GptSpec[],
    { sector, other, list, end }: { sector: number; other: number; list: number; end: number },
  ): this {
    const { sectorSize } = this;
    const at = list * sectorSize;
    this.bytes.fill(0, at, at + ENTRIES * ENTRY_BYTES);
    partitions.forEach(({ first, last, name = '', number, ...spec }, i) => {
      const entry = at + ((number ?? i + 1) - 1) * ENTRY_BYTES;
      this.put(entry, guidBytes(spec.type ?? LINUX));
      this.put(
        entry + 16,
        guidBytes(spec.guid ?? `00000000-0000-4000-8000-${String(i + 1).padStart(12, '0')}`),
      );
      this.u64(entry + 32, first).u64(entry + 40, last);
      this.put(entry + 56, Buffer.from(name, 'utf16le'));
    });
    const header = sector * sectorSize;
    const listSectors = (ENTRIES * ENTRY_BYTES) / sectorSize;
    this.put(header, 'EFI PART')
      .u32(header + 8, 0x10000)
      .u32(header + 12, 92);
    this.u64(header + 24, sector).u64(header + 32, other);
    this.u64(header + 40, 2 + listSectors).u64(header + 48, end - listSectors - 1);
    this.put(header + 56, guidBytes(DISK_GUID)).u64(header + 72, list);
    this.u32(header + 80, ENTRIES).u32(header + 84, ENTRY_BYTES);
    this.u32(header + 88, checksum(this.bytes.subarray(at, at + ENTRIES * ENTRY_BYTES)));
    return this.sealHeader(sector);
  }

  /** Writes the checksum of a GPT header again. */
  sealHeader(sector: number): this {
    const header = sector * this.sectorSize;
    this.u32(header + 16, 0);
    return this.u32(header + 16, checksum(this.bytes.subarray(header, header + 92)));
  }

  /** As much of an ext4 super block as is read: a label, a UUID, and how many blocks of 1 KiB it covers. */
  ext4(at: number, { label = '', blocks = 64, features = 0x40 } = {}): this {
    const block = at + 0x400;
    this.u16(block + 0x38, 0xef53)
      .u32(block + 4, blocks)
      .u32(block + 0x60, features);
    this.put(block + 0x68, Buffer.from('0123456789abcdef0123456789abcdef', 'hex'));
    return this.put(block + 0x78, label);
  }
}

/** Reads these bytes; `fails` names offsets of which no range can be read. */
export function memoryGuest(bytes: Uint8Array, fails: readonly number[] = []): GuestReader {
  return {
    size: bytes.length,
    async read(offset, length) {
      if (offset < 0 || length < 0 || offset + length > bytes.length)
        throw new Error(`[${offset}, +${length}) does not lie on a disk of ${bytes.length}`);
      if (fails.some(at => at >= offset && at < offset + length))
        throw new CowscopeError({
          code: 'CONTENT_READ_FAILED',
          what: 'reading failed',
          subject: '',
          advice: '',
        });
      return bytes.slice(offset, offset + length);
    },
  };
}
