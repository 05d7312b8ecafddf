/**
 * Text of millions of rows as bytes: a row is a template with numbers in it. Four bytes are written at a time, fixed
 * parts from words made once and digits from a table; strings for each row would cost ten times as much.
 */

/** Prints a row; `host` is -1 where it has none. */
export type RowPrinter = (start: number, length: number, key: number, host: number) => string;

/** Rows as numbers, in arrays that may be longer than needed and are used again for the next ones. */
export interface NumberRows {
  count: number;
  starts: Float64Array;
  lengths: Float64Array;
  /** What else a format prints of each row, as one more number. Not negative. */
  keys: Int32Array;
  /** Host offset of each row's first byte, -1 for none. */
  hosts: Float64Array;
}

/** Rows with room for `size` of them. */
export function createRows(size: number): NumberRows {
  return {
    count: 0,
    starts: new Float64Array(size),
    lengths: new Float64Array(size),
    keys: new Int32Array(size),
    hosts: new Float64Array(size).fill(-1),
  };
}

/** A row's fixed parts, between which numbers go. */
interface RowTemplate {
  /** Each part in words of four bytes, the last one filled up with anything. */
  readonly parts: readonly Uint32Array[];
  /** Bytes in each part. */
  readonly lengths: readonly number[];
  /** Most bytes that a row takes. */
  readonly size: number;
}

/** Digits of 2^64 - 1. */
const MAX_DIGITS = 20;
/** Words are written whole: up to this many bytes behind the text are overwritten. */
const SLACK_BYTES = 4;

/** Numbers that show where a row's numbers stand: no row holds them otherwise, and all are below 2^53. */
const MARKS = [8_111_111_111_111_111, 8_222_222_222_222_222, 8_333_333_333_333_333] as const;

/** Most keys that are remembered: a hostile chain has a different key for each row. */
const MAX_KEYS = 65_536;

/** The templates of a list's rows. A key gets one when it comes for the second time: making it costs more than a row. */
export class RowTemplates {
  readonly print: RowPrinter;
  #withHosts: (RowTemplate | null)[] = [];
  #withoutHosts: (RowTemplate | null)[] = [];
  #count = 0;

  /** `print` prints start, length and host offset, in this order, as plain decimal numbers. */
  constructor(print: RowPrinter) {
    this.print = print;
  }

  /** The template of rows with this key, with or without a host offset; null for a key that is new. */
  of(key: number, withHost: boolean): RowTemplate | null {
    const known = withHost ? this.#withHosts : this.#withoutHosts;
    const template = known[key];
    return template === undefined || template === null ? this.#add(known, key, withHost) : template;
  }

  #add(known: (RowTemplate | null)[], key: number, withHost: boolean): RowTemplate | null {
    if (known[key] === null) {
      known[key] = createTemplate((start, length, host) =>
        this.print(start, length, key, withHost ? host : -1),
      );
      return known[key];
    }
    if (this.#count++ < MAX_KEYS) known[key] = null;
    else {
      this.#withHosts = [];
      this.#withoutHosts = [];
      this.#count = 0;
    }
    return null;
  }
}

/** The template of rows that `print` prints, found by printing numbers that cannot be mistaken. */
function createTemplate(print: (first: number, second: number, third: number) => string): RowTemplate {
  const row = print(...MARKS);
  const texts: string[] = [];
  let at = 0;
  for (const mark of MARKS.map(String)) {
    const found = row.indexOf(mark, at);
    if (found < 0) break;
    texts.push(row.slice(at, found));
    at = found + mark.length;
  }
  texts.push(row.slice(at));
  const encoded = texts.map(text => new TextEncoder().encode(text));
  const parts = encoded.map(bytes => {
    const words = new Uint32Array(Math.ceil(bytes.length / 4));
    new Uint8Array(words.buffer).set(bytes);
    return words;
  });
  const lengths = encoded.map(bytes => bytes.length);
  return { parts, lengths, size: lengths.reduce((sum, length) => sum + length, 3 * MAX_DIGITS) };
}

/** True where a word's lowest byte comes first in memory. */
const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** The four digits of each number below 10,000, the first one in the lowest byte. All zeros until a writer is made. */
const DIGITS = new Uint32Array(10_000);

function fillDigits(): void {
  let n = 0;
  const [first, end] = [48, 58]; // the codes from '0' to '9'
  for (let a = first; a < end; a++)
    for (let b = first; b < end; b++)
      for (let c = first; c < end; c++)
        for (let d = first; d < end; d++) DIGITS[n++] = a | (b << 8) | (c << 16) | (d << 24);
}

/** Text under way, handed over in chunks of bytes. */
export class ChunkWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #length = 0;
  readonly #encoder = new TextEncoder();

  /** `size` is what a chunk is expected to hold, in bytes; it grows where it holds more. */
  constructor(size: number) {
    if (DIGITS[0] === 0) fillDigits();
    this.#bytes = new Uint8Array(size);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Bytes added since the last {@link take}. */
  get length(): number {
    return this.#length;
  }

  /** Adds the rows from index `first` on. Starts, lengths and host offsets are whole numbers from 0 to 2^64. */
  rows(templates: RowTemplates, { count, starts, lengths, keys, hosts }: NumberRows, first: number): void {
    let at = this.#length;
    for (let i = first; i < count; i++) {
      const template = templates.of(keys[i] as number, (hosts[i] as number) >= 0);
      if (template === null) {
        this.#length = at;
        const { print } = templates;
        this.text(print(starts[i] as number, lengths[i] as number, keys[i] as number, hosts[i] as number));
        at = this.#length;
        continue;
      }
      if (at + template.size + SLACK_BYTES > this.#bytes.length) {
        this.#length = at;
        this.#reserve(template.size);
      }
      const view = this.#view;
      at = putPart(view, at, template, 0);
      at = putNumber(view, at, starts, i);
      at = putPart(view, at, template, 1);
      at = putNumber(view, at, lengths, i);
      at = putPart(view, at, template, 2);
      if (template.parts.length === 4) {
        at = putNumber(view, at, hosts, i);
        at = putPart(view, at, template, 3);
      }
    }
    this.#length = at;
  }

  /** Adds text. */
  text(text: string): void {
    this.#reserve(text.length * 3);
    this.#length += this.#encoder.encodeInto(text, this.#bytes.subarray(this.#length)).written;
  }

  /** Hands over what was added, in memory that is not used here any more, and goes on in `memory` or, without it, in new. */
  take(memory?: ArrayBuffer): Uint8Array<ArrayBuffer> {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#use(memory === undefined ? new Uint8Array(this.#bytes.length) : new Uint8Array(memory));
    this.#length = 0;
    return taken;
  }

  #reserve(more: number): void {
    const needed = this.#length + more + SLACK_BYTES;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, needed));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#use(larger);
  }

  #use(bytes: Uint8Array<ArrayBuffer>): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

function putPart(view: DataView, at: number, template: RowTemplate, index: number): number {
  const words = template.parts[index] as Uint32Array;
  for (let i = 0; i < words.length; i++) view.setUint32(at + i * 4, words[i] as number, LITTLE_ENDIAN);
  return at + (template.lengths[index] as number);
}

/** Writes element `i`. A large number passed as an argument would be allocated each time. */
function putNumber(view: DataView, at: number, numbers: Float64Array, i: number): number {
  const value = numbers[i] as number;
  if (value < 1e8) return putBelow1e8(view, at, value | 0);
  if (value > Number.MAX_SAFE_INTEGER) return putLarge(view, at, value);
  const high = (value / 1e8) | 0; // below 2^53 the quotient never rounds up to the next whole number
  const low = (value - high * 1e8) | 0;
  return putEight(view, putBelow1e8(view, at, high), low);
}

/** A number whose digits arithmetic on doubles cannot separate: host offsets of damaged entries. */
function putLarge(view: DataView, at: number, value: number): number {
  const digits = BigInt(value).toString();
  for (let i = 0; i < digits.length; i++) view.setUint8(at + i, digits.charCodeAt(i));
  return at + digits.length;
}

/** All eight digits, zeros in front or not. */
function putEight(view: DataView, at: number, value: number): number {
  const high = (value / 10_000) | 0;
  view.setUint32(at, DIGITS[high] as number, true);
  view.setUint32(at + 4, DIGITS[value - high * 10_000] as number, true);
  return at + 8;
}

function putBelow1e8(view: DataView, at: number, value: number): number {
  if (value < 10_000) return putBelow1e4(view, at, value);
  const high = (value / 10_000) | 0;
  const end = putBelow1e4(view, at, high);
  view.setUint32(end, DIGITS[value - high * 10_000] as number, true);
  return end + 4;
}

/** The digits without the zeros in front of them. */
function putBelow1e4(view: DataView, at: number, value: number): number {
  const zeros = value < 100 ? (value < 10 ? 3 : 2) : value < 1000 ? 1 : 0;
  view.setUint32(at, (DIGITS[value] as number) >>> (zeros * 8), true);
  return at + 4 - zeros;
}
