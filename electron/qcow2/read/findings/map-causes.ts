/** Causes that grow while tables are read: their sentences sum up what was found. */
import type { Cause } from '../../../../shared/finding-collector.ts';
import { countOf, formatCount, formatOffset, formatSize } from '../../../../shared/text/offset.ts';
import { hex } from '../../format/bytes.ts';
import { type EntryFault, PAST_END } from '../../format/entry-rules.ts';

/** The id of the finding about the invalid entries of the L2 table at an offset of the file. */
export function invalidTableId(table: number): string {
  return `L2 table at ${hex(table)}`;
}

/** The invalid entries of one L2 table. */
export class InvalidEntries implements Cause {
  readonly id: string;
  readonly severity = 'corruption';
  readonly advice =
    'do not start the machine, and work on a copy of the file: `qemu-img check -r` frees the clusters that such entries should name';
  readonly #table: number;
  readonly #entries: number;
  readonly #codes = new Set<string>();
  #first = '';
  #count = 0;
  #content = '';

  /** `table` is the file offset of the table, -1 for the rest of many; `entries` is how many it has. */
  constructor(table: number, entries: number) {
    this.id = table < 0 ? 'L2 tables' : invalidTableId(table);
    this.#table = table;
    this.#entries = entries;
  }

  /** Says what the table holds instead of entries. */
  recognize(content: string): void {
    this.#content = content;
  }

  /** Counts an entry by what is wrong with it. */
  addFault(fault: EntryFault): void {
    if (this.#count === 0) this.#first = fault.what();
    this.#count++;
    this.#codes.add(fault.code);
  }

  /** Entries counted so far. */
  get count(): number {
    return this.#count;
  }

  /** The code of its entries where all have the same fault, else that of a table with several kinds of them. */
  get code(): string {
    const [code] = this.#codes;
    if (this.#content !== '') return 'QCOW2_L2_INVALID';
    return this.#codes.size === 1 && code !== undefined ? code : 'QCOW2_L2_INVALID';
  }

  what(count: number): string {
    if (this.#table < 0)
      return `${countOf(count, 'entry', 'entries')} of further L2 tables ${count === 1 ? 'is' : 'are'} invalid; in the first, ${this.#first}`;
    if (this.#content !== '')
      return `the L2 table at ${formatOffset(this.#table)} was overwritten: it holds ${this.#content}, and where the data of its range lies is lost`;
    if (count === 1) return this.#first;
    const kinds = this.#codes.size === 1 ? '' : ` in ${this.#codes.size} ways`;
    return `${formatCount(count)} of ${formatCount(this.#entries)} entries of the L2 table at ${formatOffset(this.#table)} are invalid${kinds}; in the first, ${this.#first}`;
  }
}

/** Everything that tables refer to past the end of a file. */
export class PastEnd implements Cause {
  readonly id: string;
  readonly code: string;
  readonly severity = 'corruption';
  readonly advice: string;
  readonly #file: 'file' | 'data file';
  #end = 0;
  #reach = 0;
  #tables = 0;
  #clusters = 0;
  #l1 = '';

  constructor(file: 'file' | 'data file') {
    this.#file = file;
    this.code = file === 'file' ? PAST_END : 'QCOW2_PAST_DATA_FILE_END';
    this.id = this.code;
    this.advice = `do not start the machine, and do not run \`qemu-img check -r\`, which frees what lost tables refer to: copy the ${file} again, or restore it from a backup; qemu reads missing data as zeros, fails on missing compressed data, and takes missing tables as if this layer held nothing`;
  }

  /** Counts an L2 table that ends at `reach`, where the file ends at `end`. */
  addTable(end: number, reach: number): void {
    this.#tables++;
    this.#extend(end, reach);
  }

  /** Counts a cluster of data that ends at `reach` or later. */
  addData(end: number, reach: number): void {
    this.#clusters++;
    this.#extend(end, reach);
  }

  /** Takes note of an L1 table at `offset` with `present` of its `entries` in the file. */
  addL1(end: number, offset: number, present: number, entries: number): void {
    this.#end = end;
    this.#reach = Math.max(this.#reach, offset + entries * 8);
    this.#l1 =
      present === 0
        ? `the L1 table at ${formatOffset(offset)}, so that nothing of this layer can be found`
        : `${formatCount(entries - present)} of the ${formatCount(entries)} entries of the L1 table at ${formatOffset(offset)}`;
  }

  what(): string {
    const parts = [
      this.#l1,
      this.#tables === 0 ? '' : countOf(this.#tables, 'L2 table'),
      this.#clusters === 0 ? '' : countOf(this.#clusters, 'data cluster'),
    ].filter(part => part !== '');
    return `the ${this.#file} ends at ${formatOffset(this.#end)} (${formatSize(this.#end)}), and the image refers to places in it up to at least ${formatOffset(this.#reach)}; missing past its end: ${parts.join(', ')}`;
  }

  #extend(end: number, reach: number): void {
    this.#end = end;
    this.#reach = Math.max(this.#reach, reach);
  }
}
