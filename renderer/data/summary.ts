/** Sums of a strip: what a track holds, in shares of what is on screen. */
import { type ColumnStrip, MIXED, NOTHING, presentIn } from '../../shared/draw/strip/column-strip.ts';
import { STATES } from '../../shared/extent/flags.ts';
import { PART_BITS, PARTS, type PartIndex, STATE_OF_PART, topPart } from '../../shared/extent/parts.ts';

/** What a strip holds. */
export interface Summary {
  /** Share of each state of what is known, 0 to 1, by state index. */
  readonly shares: readonly number[];
  /** Parts and marks that occur, as bits of PRESENT. */
  readonly present: number;
}

/** Sums a strip. Where nothing is known all shares are 0. */
export function summarizeStrip(strip: ColumnStrip): Summary {
  const sums = new Array<number>(STATES.length).fill(0);
  const add = (part: PartIndex, share: number) => {
    const state = STATE_OF_PART[part] as number;
    sums[state] = (sums[state] ?? 0) + share;
  };
  let known = 0;
  for (let c = 0; c < strip.width; c++) {
    const part = strip.part[c] as number;
    if (part === NOTHING) continue;
    known++;
    if (part !== MIXED) {
      add(part, 1);
      continue;
    }
    for (let bits = (strip.present[c] as number) & PART_BITS; bits !== 0; bits &= bits - 1)
      add(topPart(bits), (strip.shares[c * PARTS.length + topPart(bits)] as number) / 255);
  }
  return { shares: sums.map(sum => (known === 0 ? 0 : sum / known)), present: presentIn(strip) };
}
