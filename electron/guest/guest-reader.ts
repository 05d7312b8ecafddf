/** Where the bytes of a guest's disk come from, and what cannot be read of them. */
import { errorRecord } from '../../shared/error.ts';
import type { Range } from '../../shared/model/finding.ts';

/** Reads what the guest reads. */
export interface GuestReader {
  /** Size of the disk in bytes. */
  readonly size: number;
  /** The bytes of [offset, offset + length), which lie on the disk. Rejects with CowscopeError where they cannot be read. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** A part of the disk that could not be read. */
export interface UnreadPart {
  readonly range: Range;
  /** Untrusted text. */
  readonly why: string;
}

/** Reads parts of the disk; what cannot be read is noted and not thrown. */
export class DiskParts {
  readonly unread: UnreadPart[] = [];
  readonly #reader: GuestReader;

  constructor(reader: GuestReader) {
    this.#reader = reader;
  }

  get size(): number {
    return this.#reader.size;
  }

  /** The bytes of a range; undefined where it does not lie on the disk or could not be read. */
  async read(offset: number, length: number): Promise<Uint8Array | undefined> {
    if (!Number.isSafeInteger(offset) || offset < 0 || offset + length > this.size) return undefined;
    try {
      return await this.#reader.read(offset, length);
    } catch (error) {
      const record = errorRecord(error);
      if (record.code === 'CANCELLED') throw error;
      this.unread.push({ range: [offset, length], why: record.what });
      return undefined;
    }
  }
}
