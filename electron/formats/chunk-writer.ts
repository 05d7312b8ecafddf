/**
 * Text of millions of rows as bytes: a row is a template with numbers in it. Four bytes are written at a time, fixed
 * parts from words made once and digits from a table; strings for each row would cost ten times as much.
 */
import type { NumberRows } from './rows.ts';

/** Prints a row; `host` is -1 where it has none. */
export type RowPrinter = (start: number, length: number, key: number, host: number) => string;

/** The templates of a list's rows, made when they are first wanted. */
export interface RowTemplates {
  /** The template of rows with this key, with or without a host offset. */
  of(key: number, withHost: boolean): RowTemplate;
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

/** Text under way. */
export interface RowText {
  /** Bytes added since the last {@link RowText.take}. */
  readonly length: number;
  /** Adds rows from the `first` on. Starts, lengths and host offsets are whole numbers up to 2^53 - 1. */
  rows(templates: RowTemplates, rows: NumberRows, first: number): void;
  text(text: string): void;
  /** Hands over what was added, in memory that is used no more here, and goes on in `memory` or, without it, in new. */
  take(memory?: ArrayBuffer): Uint8Array<ArrayBuffer>;
}

const MAX_DIGITS = 16;
/** Words are written whole: so many bytes behind the text may be written to. */
const SLACK = 4;

/** Numbers that show where a row's numbers stand: no row holds them otherwise, and all are below 2^53. */
const MARKS = [8_111_111_111_111_111, 8_222_222_222_222_222, 8_333_333_333_333_333] as const;

/** The templates of rows that `write` prints. Keys are small. */
export function createRowTemplates(write: RowPrinter): RowTemplates {
  const withHosts: (RowTemplate | undefined)[] = [];
  const without: (RowTemplate | undefined)[] = [];
  return {
    of(key, withHost) {
      const known = withHost ? withHosts : without;
      let template = known[key];
      if (template === undefined) {
        template = rowTemplate((start, length, host) => write(start, length, key, withHost ? host : -1));
        known[key] = template;
      }
      return template;
    },
  };
}

/** The template of rows that `write` prints, found by having it print numbers that cannot be mistaken. */
function rowTemplate(write: (first: number, second: number, third: number) => string): RowTemplate {
  const texts = write(...MARKS).split(new RegExp(MARKS.join('|')));
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

/** The four digits of each number below 10,000, the first one in the lowest byte. */
const DIGITS = Uint32Array.from({ length: 10_000 }, (_, n) => {
  const digit = (unit: number) => 48 + (Math.floor(n / unit) % 10);
  return (digit(1000) | (digit(100) << 8) | (digit(10) << 16) | (digit(1) << 24)) >>> 0;
});

/** Text with nothing in it; `size` is what it is expected to hold between two takes, in bytes. */
export function createRowText(size: number): RowText {
  let bytes = Buffer.allocUnsafeSlow(size);
  let view = viewOf(bytes);
  let length = 0;
  const encoder = new TextEncoder();

  function reserve(more: number): void {
    if (length + more + SLACK <= bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(bytes.length * 2, length + more + SLACK));
    grown.set(bytes.subarray(0, length));
    bytes = grown;
    view = viewOf(bytes);
  }

  return {
    get length() {
      return length;
    },
    rows(templates, { count, starts, lengths, keys, hosts }, first) {
      for (let i = first; i < count; i++) {
        const host = hosts[i] as number;
        const template = templates.of(keys[i] as number, host >= 0);
        reserve(template.size);
        const into = view;
        let at = putPart(into, length, template, 0);
        at = putNumber(into, at, starts, i);
        at = putPart(into, at, template, 1);
        at = putNumber(into, at, lengths, i);
        at = putPart(into, at, template, 2);
        if (template.parts.length === 4) {
          at = putNumber(into, at, hosts, i);
          at = putPart(into, at, template, 3);
        }
        length = at;
      }
    },
    text(text) {
      reserve(text.length * 3);
      length += encoder.encodeInto(text, bytes.subarray(length)).written;
    },
    take(memory) {
      const taken = bytes.subarray(0, length);
      bytes = memory === undefined ? Buffer.allocUnsafeSlow(bytes.length) : Buffer.from(memory);
      view = viewOf(bytes);
      length = 0;
      return taken;
    },
  };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function putPart(view: DataView, at: number, template: RowTemplate, index: number): number {
  const words = template.parts[index] as Uint32Array;
  for (let i = 0; i < words.length; i++) view.setUint32(at + i * 4, words[i] as number, LITTLE_ENDIAN);
  return at + (template.lengths[index] as number);
}

/** Writes element `i`: a large number that is an argument of its own would take memory each time. */
function putNumber(view: DataView, at: number, numbers: Float64Array, i: number): number {
  const value = numbers[i] as number;
  if (value < 1e8) return putBelow1e8(view, at, value | 0);
  const high = (value / 1e8) | 0;
  const low = (value - high * 1e8) | 0;
  return putEight(view, putBelow1e8(view, at, high), low);
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
