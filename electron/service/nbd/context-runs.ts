/** Runs of one metadata context: its extents with equal neighbors joined, also across replies. */
import type { StatusBatch, StatusList } from '../../../shared/extent/status-batch.ts';
import { StatusCursor } from '../../../shared/extent/status-cursor.ts';
import type { ContextValue } from '../../../shared/nbd-contexts.ts';
import { createRows, type NumberRows } from '../../formats/chunk-writer.ts';

/** Finished runs, in arrays that are used again for the next ones. The key of a row is the low half of its value. */
export interface ContextRuns extends NumberRows {
  /** High half of each value; 0 but for servers that speak 64 bits. */
  readonly highs: Uint32Array;
}

/** Runs that are handed on together. */
const RUNS_AT_ONCE = 4096;

/** Room for runs. */
export function createRuns(): ContextRuns {
  return { ...createRows(RUNS_AT_ONCE), highs: new Uint32Array(RUNS_AT_ONCE) };
}

/** The value of run `i`. */
export function valueOfRun({ keys, highs }: ContextRuns, i: number): ContextValue {
  const low = (keys[i] as number) >>> 0;
  const high = highs[i] as number;
  return high < 2 ** 21 ? high * 2 ** 32 + low : (BigInt(high) << 32n) + BigInt(low);
}

/** Joins the extents of one context. Batches come in ascending order. */
export class ContextReader {
  readonly #runs = createRuns();
  // The run that may still grow; empty at first.
  #start = 0;
  #end = 0;
  #low = 0;
  #high = 0;

  /** The runs that end in this part of the context. What is handed out is valid until the next step. */
  *read(list: StatusList, { offset, covered }: StatusBatch): Generator<ContextRuns> {
    const cursor = new StatusCursor(list);
    const stop = offset + covered;
    const runs = this.#runs;
    let position = offset;
    while (position < stop) {
      runs.count = 0;
      position = this.#fill(cursor, position, stop);
      if (runs.count > 0) yield runs;
    }
  }

  /** Collects runs until there is no room for more, or until `stop`; returns how far it came. */
  #fill(cursor: StatusCursor, from: number, stop: number): number {
    const { starts, lengths, keys, highs } = this.#runs;
    // Offsets that change in fields would be allocated each time.
    let start = this.#start;
    let end = this.#end;
    let low = this.#low;
    let high = this.#high;
    let count = 0;
    let position = from;
    for (; position < stop && count < RUNS_AT_ONCE; cursor.advance()) {
      const nextLow = cursor.low();
      const nextHigh = cursor.high();
      if (nextLow !== low || nextHigh !== high || position !== end) {
        if (end > start) {
          starts[count] = start;
          lengths[count] = end - start;
          keys[count] = low;
          highs[count] = high;
          count++;
        }
        start = position;
        low = nextLow;
        high = nextHigh;
      }
      position = Math.min(stop, position + cursor.length());
      end = position;
    }
    this.#start = start;
    this.#end = end;
    this.#low = low;
    this.#high = high;
    this.#runs.count = count;
    return position;
  }

  /** The last run. */
  finish(): ContextRuns {
    const runs = this.#runs;
    runs.count = this.#end > this.#start ? 1 : 0;
    runs.starts[0] = this.#start;
    runs.lengths[0] = this.#end - this.#start;
    runs.keys[0] = this.#low;
    runs.highs[0] = this.#high;
    this.#start = this.#end;
    return runs;
  }
}
