/** Strips with everything that a track can show, the same for the same seed, and stand-ins for the masks of texts. */
import {
  type ColumnStrip,
  createColumnStrip,
  MARKS,
  MIXED,
  NOTHING,
} from '../../../shared/draw/strip/column-strip.ts';
import type { AlphaMask } from '../../../shared/draw/surface/shapes.ts';
import { PARTS } from '../../../shared/extent/parts.ts';

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

/** A strip of runs, most of them up to `longest` columns long, of every part and under every mark. */
export function randomStrip(width: number, longest: number, random: () => number): ColumnStrip {
  const strip = createColumnStrip(width);
  const below = (n: number) => Math.floor(random() * n);
  for (let from = 0; from < width; ) {
    const to = Math.min(width, from + 1 + below(random() < 0.1 ? longest * 8 : longest));
    const part = [NOTHING, MIXED][below(12)] ?? below(PARTS.length);
    const marks = random() < 0.5 ? 0 : below(MARKS + 1) & MARKS;
    strip.part.fill(part, from, to);
    strip.present.fill(part < PARTS.length ? marks | (1 << part) : marks, from, to);
    strip.runs.fill(1 + below(9), from, to);
    strip.owners.fill(below(4) - 1, from, to);
    if (part === MIXED) for (let column = from; column < to; column++) mixColumn(strip, column, below);
    from = to;
  }
  return strip;
}

/** Gives two parts or more a share of a column. */
function mixColumn({ shares, present }: ColumnStrip, column: number, below: (n: number) => number): void {
  const at = column * PARTS.length;
  const give = (share: number) => {
    const part = below(PARTS.length);
    shares[at + part] = share;
    present[column] = (present[column] as number) | (1 << part);
  };
  give(255);
  for (let more = 1 + below(below(4) === 0 ? PARTS.length : 2); more > 0; more--)
    give(1 + below(below(2) === 0 ? 4 : 255));
}

/** A mask of `width` by `height` with every coverage from nothing to full, different for different texts. */
export function noisyMask(text: string, width: number, height: number): AlphaMask {
  const random = randomNumbers([...text].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7));
  return { width, height, alpha: Uint8Array.from({ length: width * height }, () => random() * 256) };
}
