/** Strips with everything that a track can show, the same for the same seed, and stand-ins for the masks of texts. */
import {
  type ColumnStrip,
  createColumnStrip,
  MARKS,
  MIXED,
  NOTHING,
} from '../../shared/draw/strip/column-strip.ts';
import type { AlphaMask } from '../../shared/draw/surface/shapes.ts';
import { STATES } from '../../shared/extent/flags.ts';

/** Numbers in [0, 1) from a seed (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A strip of runs, most of them up to `longest` columns long, in every state and under every mark. */
export function randomStrip(width: number, longest: number, random: () => number): ColumnStrip {
  const strip = createColumnStrip(width);
  const below = (n: number) => Math.floor(random() * n);
  for (let from = 0; from < width; ) {
    const to = Math.min(width, from + 1 + below(random() < 0.1 ? longest * 8 : longest));
    const state = [NOTHING, MIXED][below(12)] ?? below(STATES.length);
    strip.state.fill(state, from, to);
    strip.marks.fill(random() < 0.5 ? 0 : (below(64) << STATES.length) & MARKS, from, to);
    strip.runs.fill(1 + below(9), from, to);
    strip.owners.fill(below(4) - 1, from, to);
    if (state === MIXED) for (let column = from; column < to; column++) mixColumn(strip, column, below);
    from = to;
  }
  return strip;
}

/** Gives two to ten states a share of a column. */
function mixColumn({ shares }: ColumnStrip, column: number, below: (n: number) => number): void {
  const at = column * STATES.length;
  shares[at + below(STATES.length)] = 255;
  for (let more = 1 + below(below(4) === 0 ? STATES.length : 2); more > 0; more--)
    shares[at + below(STATES.length)] = 1 + below(below(2) === 0 ? 4 : 255);
}

/** A mask of `width` by `height` with every coverage from nothing to full, different for different texts. */
export function noisyMask(text: string, width: number, height: number): AlphaMask {
  const random = randomNumbers([...text].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7));
  return { width, height, alpha: Uint8Array.from({ length: width * height }, () => random() * 256) };
}
