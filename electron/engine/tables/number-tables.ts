/**
 * Metadata contexts as their raw numbers, at each offset: those that are not known here, and
 * qemu:joint-allocation, which is compared with what it joins.
 */
import { createFeeder, type TableFeeder } from '../../../shared/extent/feeder.ts';
import { UNREADABLE } from '../../../shared/extent/flags.ts';
import type { StatusBatch } from '../../../shared/extent/status-batch.ts';
import { StatusCursor } from '../../../shared/extent/status-cursor.ts';
import { createFedTable, type ExtentTable } from '../../../shared/extent/table.ts';
import { hex64 } from '../../qcow2/format/bytes.ts';

/** The numbers of one context. */
export interface NumberTable {
  /** Name of the context. Untrusted text. */
  readonly name: string;
  /** Its words stand for numbers, see {@link numberOf}; UNREAD and UNREADABLE are as in any table. */
  readonly table: ExtentTable;
  readonly feeder: TableFeeder;
  /** Low 32 bits of each different number, and its text, by its index. */
  readonly low: number[];
  readonly texts: string[];
  /** The index of each number by its text. */
  readonly indexes: Map<string, number>;
}

/** Most different numbers that are kept of one context: what counts bytes or clusters in it would make a word of each. */
const MAX_NUMBERS = 1024;

/** Words of a number table hold its index above this bit, out of the way of UNREAD and UNREADABLE. */
const INDEX_SHIFT = 12;
const TOO_MANY_TEXT = `one of more than ${MAX_NUMBERS} different numbers`;

/** An empty table over `size` bytes. */
export function createNumberTable(name: string, size: number, pageSpan: number): NumberTable {
  const table = createFedTable(size, pageSpan);
  return { name, table, feeder: createFeeder(table), low: [], texts: [], indexes: new Map() };
}

/** Feeds the context's part of a batch. Batches come in ascending order, with no gap. */
export function feedNumbers(into: NumberTable, batch: StatusBatch, contextIndex: number): void {
  const list = batch.lists.find(candidate => candidate.contextIndex === contextIndex);
  if (list === undefined) {
    if (batch.unreadable !== undefined) into.feeder.append(batch.covered, UNREADABLE);
    return;
  }
  const cursor = new StatusCursor(list);
  let left = batch.covered;
  let high = 0;
  let low = 0;
  let word = -1;
  for (; left > 0; cursor.advance()) {
    const length = cursor.length();
    if (word < 0 || cursor.high() !== high || cursor.low() !== low) {
      high = cursor.high();
      low = cursor.low();
      word = wordFor(into, high, low);
    }
    into.feeder.append(Math.min(length, left), word);
    left -= length;
  }
}

function wordFor({ indexes, low: lows, texts }: NumberTable, high: number, low: number): number {
  const text = high < 2 ** 21 ? String(high * 2 ** 32 + low) : hex64(high, low);
  const known = indexes.get(text);
  if (known !== undefined) return known << INDEX_SHIFT;
  const place = texts.length;
  if (place >= MAX_NUMBERS) return MAX_NUMBERS << INDEX_SHIFT;
  indexes.set(text, place);
  lows.push(low);
  texts.push(text);
  return place << INDEX_SHIFT;
}

/** The number that a word of the table stands for, as text: exact in decimal below 2^53, in hexadecimal above. */
export function numberText(table: NumberTable, word: number): string {
  return table.texts[word >>> INDEX_SHIFT] ?? TOO_MANY_TEXT;
}

/** The low 32 bits of the number that a word stands for; undefined where there were too many to tell. */
export function lowNumber(table: NumberTable, word: number): number | undefined {
  return table.low[word >>> INDEX_SHIFT];
}
