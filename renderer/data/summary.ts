/** Sums of a strip: what a track holds, in shares of what is on screen. */

import { type ColumnStrip, MIXED, NOTHING, presentIn } from '../../shared/draw/strip/column-strip.ts';
import { STATES } from '../../shared/extent/flags.ts';

/** What a strip holds. */
export interface Summary {
  /** Share of each state of what is known, 0 to 1, by state index. */
  readonly shares: readonly number[];
  /** States and marks that occur, as bits of PRESENT. */
  readonly present: number;
}

/** Sums a strip. Where nothing is known all shares are 0. */
export function summarize(strip: ColumnStrip): Summary {
  const sums = new Array<number>(STATES.length).fill(0);
  let known = 0;
  for (let c = 0; c < strip.width; c++) {
    const state = strip.state[c] as number;
    if (state === NOTHING) continue;
    known++;
    if (state !== MIXED) {
      sums[state] = (sums[state] ?? 0) + 1;
      continue;
    }
    for (let s = 0; s < STATES.length; s++)
      sums[s] = (sums[s] ?? 0) + (strip.shares[c * STATES.length + s] as number) / 255;
  }
  return { shares: sums.map(sum => (known === 0 ? 0 : sum / known)), present: presentIn(strip) };
}
