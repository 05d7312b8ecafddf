/** The colors of a row of columns: one each, or several from the top down. */
import { copiedInto } from '../../extent/page.ts';
import type { Pixel } from '../color-set.ts';

/**
 * Reused from picture to picture: its arrays grow with the widest one. A column that changes further down has a change
 * for each row at which it does; changes are linked lists by row in arrays, so that none is an object.
 */
export class ColumnColors {
  /** Color of each column in the first row. */
  row = new Uint32Array(0);
  #memory = new Uint32Array(0);
  #firstChange = new Int32Array(0);
  #nextChange = new Int32Array(1024);
  #columns = new Int32Array(1024);
  #colors = new Uint32Array(1024);
  #count = 0;

  /** Begins a picture of `width` columns and `rows` rows. Colors in `row` are those of the picture before. */
  begin(width: number, rows: number): void {
    if (this.#memory.length < width) this.#memory = new Uint32Array(width);
    if (this.row.length !== width) this.row = this.#memory.subarray(0, width);
    if (this.#firstChange.length < rows) this.#firstChange = new Int32Array(rows);
    this.#firstChange.fill(-1, 0, rows);
    this.#count = 0;
  }

  /** Gives a column another color from a row on. Of two changes at one place the first one counts. */
  change(row: number, column: number, color: Pixel): void {
    const at = this.#count++;
    if (at === this.#columns.length) this.#grow();
    this.#columns[at] = column;
    this.#colors[at] = color;
    this.#nextChange[at] = this.#firstChange[row] as number;
    this.#firstChange[row] = at;
  }

  /** Updates the colors of `into` from the row above to this row. Rows are taken in order. */
  apply(row: number, into: Uint32Array): void {
    for (let at = this.#firstChange[row] as number; at >= 0; at = this.#nextChange[at] as number)
      into[this.#columns[at] as number] = this.#colors[at] as number;
  }

  #grow(): void {
    const size = this.#columns.length * 2;
    this.#nextChange = copiedInto(this.#nextChange, new Int32Array(size));
    this.#columns = copiedInto(this.#columns, new Int32Array(size));
    this.#colors = copiedInto(this.#colors, new Uint32Array(size));
  }
}
