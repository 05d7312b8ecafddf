/** Fills a table in ascending order from extents that know nothing of pages. */
import { UNREAD } from './flags.ts';
import { PageWriter, pageBytes } from './page.ts';
import type { ExtentTable } from './table.ts';

/** Appends extents to a table, cutting them at page borders. */
export interface TableFeeder {
  /** First byte not fed yet. */
  readonly position: number;
  /** Extents fed so far, coalesced. */
  readonly extents: number;
  /** Extents of the page under way. */
  readonly pageExtents: number;
  /** Bytes of memory that what was fed takes. */
  readonly bytes: number;
  /** Appends `length` bytes with `word` at the current position; what passes the end of the table is cut. */
  append(length: number, word: number): void;
  /** Stores the page under way with its rest UNREAD, so that what came so far can be seen. */
  flush(): void;
}

/** A feeder that starts at offset 0. */
export function createFeeder(table: ExtentTable): TableFeeder {
  return new Feeder(table);
}

/** A class because offsets in fields of an object are changed in place: in closures each change allocates. */
class Feeder implements TableFeeder {
  position = 0;
  readonly #table: ExtentTable;
  readonly #writer = new PageWriter();
  #base = 0;
  #pageEnd: number;
  #sealed = 0;
  #sealedBytes = 0;
  #word = -1;
  #code = 0;

  constructor(table: ExtentTable) {
    this.#table = table;
    this.#pageEnd = Math.min(table.pageSpan, table.size);
  }

  get extents(): number {
    return this.#sealed + this.#writer.count;
  }

  get pageExtents(): number {
    return this.#writer.count;
  }

  get bytes(): number {
    return this.#sealedBytes + this.#writer.byteLength;
  }

  append(length: number, word: number): void {
    if (word !== this.#word) {
      this.#code = this.#table.words.code(word);
      this.#word = word;
    }
    const stop = Math.min(this.#table.size, this.position + length);
    while (this.position < stop) {
      this.#writer.push(this.position - this.#base, this.#code);
      this.position = Math.min(stop, this.#pageEnd);
      if (this.position === this.#pageEnd) this.#endPage();
    }
  }

  #endPage(): void {
    const { size, pageSpan, pages } = this.#table;
    this.#sealed += this.#writer.count;
    const page = this.#writer.seal();
    this.#sealedBytes += pageBytes(page);
    pages[this.#base / pageSpan] = page;
    this.#writer.begin();
    this.#base = this.#pageEnd;
    this.#pageEnd = Math.min(this.#base + pageSpan, size);
  }

  flush(): void {
    const writer = this.#writer;
    const fed = writer.count;
    if (fed === 0) return;
    const { pageSpan, pages, words } = this.#table;
    writer.push(this.position - this.#base, words.code(UNREAD));
    pages[this.#base / pageSpan] = writer.seal();
    if (writer.count > fed) writer.pop();
  }
}
