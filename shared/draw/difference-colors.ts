/** The colors of the track of differences: its states stand for relations (shared/compare/relation-flags.ts). */
import { STATES } from '../extent/flags.ts';
import { type ColorSet, mixPixels, type Pixel } from './color-set.ts';

const known = new WeakMap<ColorSet, ColorSet>();

/** Share of the lane in what may differ, and of the frame in what is stored otherwise. */
const MAY_DIFFER = 0.5;
const STORED_OTHERWISE = 0.45;

/** The color set of differences in a theme: the color of changes for what differs, grays for what reads the same. */
export function differenceColors(colors: ColorSet): ColorSet {
  const made = known.get(colors);
  if (made !== undefined) return made;
  const { lane, frame, dirty } = colors;
  const otherwise = mixPixels(frame, lane, STORED_OTHERWISE);
  const states: Partial<Record<(typeof STATES)[number], Pixel>> = {
    data: dirty,
    compressed: mixPixels(dirty, lane, MAY_DIFFER),
    zeroHole: otherwise,
  };
  const patterns: Partial<Record<(typeof STATES)[number], Pixel>> = { compressed: dirty, zeroHole: frame };
  const set: ColorSet = {
    ...colors,
    states: STATES.map((state, i) => states[state] ?? (colors.states[i] as Pixel)),
    pattern: STATES.map((state, i) => patterns[state] ?? (colors.pattern[i] as Pixel)),
  };
  known.set(colors, set);
  return set;
}
