/** The target's disk in a few columns, before and after. */
import { type ExtentState, stateOf } from '../../shared/extent/flags.ts';
import type { PlanStrip } from '../../shared/model/plan/plan.ts';
import { FLAGS_OF_KIND, UNALLOCATED } from '../qcow2/format/entry.ts';
import { isAbsent } from './layers/block-status.ts';
import type { RangeSink } from './target/target-model.ts';

/** Columns at most: what a terminal of 80 characters has beside a title. */
const MAX_COLUMNS = 64;

const KINDS = FLAGS_OF_KIND.length;

/** Collects the ranges of a target. */
export class TargetStrip {
  readonly #span: number;
  readonly #count: number;
  readonly #before: Float64Array;
  readonly #after: Float64Array;
  readonly #written: boolean[];

  /** A disk of `size` bytes; a column is a number of whole `unit`s. */
  constructor(size: number, unit: number) {
    this.#span = Math.max(1, Math.ceil(size / unit / MAX_COLUMNS)) * unit;
    this.#count = Math.ceil(size / this.#span);
    this.#before = new Float64Array(this.#count * KINDS);
    this.#after = new Float64Array(this.#count * KINDS);
    this.#written = new Array<boolean>(this.#count).fill(false);
  }

  /** Adds a range. */
  readonly add: RangeSink = (start, end, before, after, written) => {
    for (let at = start; at < end; ) {
      const column = Math.floor(at / this.#span);
      const stop = Math.min(end, (column + 1) * this.#span);
      addTo(this.#before, column * KINDS + before, stop - at);
      addTo(this.#after, column * KINDS + after, stop - at);
      if (written) this.#written[column] = true;
      at = stop;
    }
  };

  /**
   * What was collected. What lies behind `sizeBefore` was no part of the disk before: zeros that are stored there when the
   * target grows are written as well.
   */
  strip(sizeBefore: number): PlanStrip {
    const columns = Array.from({ length: this.#count }, (_, column) => column);
    const after = columns.map(column => shownKind(this.#after, column));
    return {
      span: this.#span,
      before: columns.map(column =>
        column * this.#span < sizeBefore ? stateOfKind(shownKind(this.#before, column)) : 'outOfRange',
      ),
      after: after.map(stateOfKind),
      written: this.#written.map(
        (isWritten, column) =>
          isWritten || (column * this.#span >= sizeBefore && !isAbsent(after[column] ?? UNALLOCATED)),
      ),
    };
  }
}

function addTo(sums: Float64Array, index: number, bytes: number): void {
  sums[index] = (sums[index] as number) + bytes;
}

/** The kind with most bytes among those that the layer stores; where it stores nothing, of all. */
function shownKind(sums: Float64Array, column: number): number {
  let shown = 0;
  let most = 0;
  for (let kind = 0; kind < KINDS; kind++) {
    const bytes = sums[column * KINDS + kind] as number;
    const isBetter =
      isAbsent(shown) && !isAbsent(kind) ? bytes > 0 : bytes > most && (isAbsent(shown) || !isAbsent(kind));
    if (!isBetter) continue;
    shown = kind;
    most = bytes;
  }
  return shown;
}

function stateOfKind(kind: number): ExtentState {
  return stateOf(FLAGS_OF_KIND[kind] as number);
}
