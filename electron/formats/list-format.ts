/** The one shape of every export format: what precedes the rows, the rows, and what follows them. */
import { type ChunkWriter, type NumberRows, type RowPrinter, RowTemplates } from './chunk-writer.ts';

/** How a list reads. */
export interface ListFormat {
  readonly head: string;
  readonly tail: string;
  /** What stands between two rows. */
  readonly separator: string;
  readonly row: RowPrinter;
  /** True where `row` prints start, length and host offset in this order as plain numbers: rows are then templates. */
  readonly plainNumbers: boolean;
  /** What stands between head and tail for a disk of no bytes. Default: nothing. */
  readonly empty?: string;
}

/** Writes one list in a format. */
export class ListWriter {
  /** Rows written so far. */
  count = 0;
  readonly #format: ListFormat;
  readonly #chunks: ChunkWriter;
  readonly #templates: RowTemplates;

  constructor(format: ListFormat, chunks: ChunkWriter) {
    const { separator, row } = format;
    this.#format = format;
    this.#chunks = chunks;
    this.#templates = new RowTemplates((...numbers) => separator + row(...numbers));
  }

  /** Writes what precedes the rows. */
  begin(): void {
    this.#chunks.text(this.#format.head);
  }

  /** Writes rows. */
  rows(rows: NumberRows): void {
    const { starts, lengths, keys, hosts, count } = rows;
    const { plainNumbers, row } = this.#format;
    // The first row has no separator, so that it is no template.
    const printed = plainNumbers ? Math.min(count, this.count === 0 ? 1 : 0) : count;
    for (let i = 0; i < printed; i++)
      this.row(row(starts[i] as number, lengths[i] as number, keys[i] as number, hosts[i] as number));
    if (printed === count) return;
    this.#chunks.rows(this.#templates, rows, printed);
    this.count += count - printed;
  }

  /** Writes one row that was printed already. */
  row(text: string): void {
    this.#chunks.text(this.count++ === 0 ? text : this.#format.separator + text);
  }

  /** Writes what follows the rows of a disk of `size` bytes. */
  end(size: number): void {
    if (size === 0) this.#chunks.text(this.#format.empty ?? '');
    this.#chunks.text(this.#format.tail);
  }
}
