/** The colors of every part of a column, worked out once for all columns of a picture. */
import { STATES } from '../extent/flags.ts';
import { PARTS, type PartIndex, STATE_OF_PART } from '../extent/parts.ts';
import { type ColorSet, contrastRatio, mixPixels, type Pixel, readableOn } from './color-set.ts';

/** What fills the body of a lane. */
export interface BodyColors {
  /** By part. */
  readonly plain: Uint32Array;
  /** By part, and in it by the part that it is tinted with: see {@link tintedColor}. */
  readonly tints: Uint32Array;
}

/** What fills every part, what its pattern is drawn in, and what is written on it. */
export interface PartColors {
  readonly bodies: BodyColors;
  readonly patterns: Uint32Array;
  readonly texts: Uint32Array;
}

/** What the colors are made for. */
interface Look {
  readonly colorSet: ColorSet;
  readonly colors: PartColors;
}

/** Shares of the lane in a color that steps back: others are highlighted; past an end, hatched or not. */
const FADED = 0.82;
const PAST = 0.75;
const PAST_UNHATCHED = 0.55;
/** Share of the lane in zeros that hide no data: the strongest color is for those that do. */
const ZEROS = 0.55;
/** Share of gray in space that is reserved, which else is as what falls through. */
const RESERVED = 0.2;
/** Share of gray in what is hidden: by a layer above, by a shorter layer. */
const HIDDEN = { overridden: 0.6, shadowed: 0.8 } as const;
/** Contrast of what is hidden with the lane: least that WCAG 2.2 asks of graphics, and no more. */
const HIDDEN_CONTRAST = 3;
/** Share of a part in what is tinted with it. */
const TINT = 0.45;
/** Share of the lane in the pattern of what is hidden. */
const HIDDEN_PATTERN = 0.42;

/** States whose name is written on the lane's own color. */
const ON_PLATE = new Set<string>(['unread', 'unreadable']);
/** States whose name is written softly: the layer holds nothing there. */
const QUIET = new Set<string>(['unallocated', 'reserved', 'outOfRange', 'unread']);

const looks = new WeakMap<readonly boolean[], Look>();

/**
 * The colors of every part in a color set; those in `faded` (by part index) step back. The result is kept while `faded` and
 * the color set stay the same.
 */
export function partColors(colorSet: ColorSet, faded: readonly boolean[]): PartColors {
  const known = looks.get(faded);
  if (known?.colorSet === colorSet) return known.colors;
  const plain = Uint32Array.from(PARTS, (_, part) => bodyColor(colorSet, part, faded[part] === true, PAST));
  const colors = {
    bodies: { plain, tints: tintsOf(plain) },
    patterns: Uint32Array.from(PARTS, (_, part) => patternColor(colorSet, part, faded[part] === true)),
    texts: Uint32Array.from(PARTS, ({ state }, part) =>
      textColor(state, ON_PLATE.has(state) ? colorSet.lane : (plain[part] as Pixel)),
    ),
  };
  looks.set(faded, { colorSet, colors });
  return colors;
}

/** The color of a part, tinted with another one; with itself it stays as it is. */
export function tintedColor({ plain, tints }: BodyColors, part: PartIndex, tint: PartIndex): Pixel {
  return part === tint ? (plain[part] as Pixel) : (tints[part * PARTS.length + tint] as Pixel);
}

/** The colors of the overview: those of the lanes; what lies past a layer's end has no hatch there. */
export function overviewColors(colorSet: ColorSet, faded: readonly boolean[] = []): BodyColors {
  const plain = Uint32Array.from(PARTS, (_, part) =>
    bodyColor(colorSet, part, faded[part] === true, PAST_UNHATCHED),
  );
  return { plain, tints: tintsOf(plain) };
}

function tintsOf(plain: Uint32Array): Uint32Array {
  const tints = new Uint32Array(PARTS.length ** 2);
  plain.forEach((color, part) => {
    plain.forEach((tint, i) => {
      tints[part * PARTS.length + i] = mixPixels(color, tint, TINT);
    });
  });
  return tints;
}

function bodyColor(colorSet: ColorSet, part: PartIndex, faded: boolean, past: number): Pixel {
  const color = unfadedColor(colorSet, part, past);
  return faded ? mixPixels(color, colorSet.lane, FADED) : color;
}

function unfadedColor(colorSet: ColorSet, part: PartIndex, past: number): Pixel {
  const { state, variant } = PARTS[part] ?? { state: 'unread', variant: 'plain' };
  const color = colorSet.states[STATES.indexOf(state)] ?? colorSet.lane;
  if (state === 'unreadable') return color;
  if (state === 'reserved') return mixPixels(color, colorSet.frame, RESERVED);
  if (state === 'outOfRange') return mixPixels(color, colorSet.lane, past);
  if (variant === 'overridden' || variant === 'shadowed')
    return hiddenColor(colorSet, color, HIDDEN[variant]);
  const isZero = state === 'zeroHole' || state === 'zeroAllocated';
  return isZero && variant === 'plain' ? mixPixels(color, colorSet.lane, ZEROS) : color;
}

/** The color grayed, and as near to the lane as can still be seen. */
function hiddenColor({ frame, lane }: ColorSet, color: Pixel, gray: number): Pixel {
  const grayed = mixPixels(color, frame, gray);
  for (let share = 1; share > 0; share -= 0.02) {
    const nearer = mixPixels(grayed, lane, share);
    if (contrastRatio(nearer, lane) >= HIDDEN_CONTRAST) return nearer;
  }
  return grayed;
}

function patternColor(colorSet: ColorSet, part: PartIndex, faded: boolean): Pixel {
  const variant = PARTS[part]?.variant;
  const hidden = variant === 'overridden' || variant === 'shadowed';
  const color = colorSet.pattern[STATE_OF_PART[part] as number] ?? colorSet.lane;
  return mixPixels(color, colorSet.lane, faded ? FADED : hidden ? HIDDEN_PATTERN : 0);
}

function textColor(state: string, ground: Pixel): Pixel {
  const plain = readableOn(ground);
  return QUIET.has(state) ? mixPixels(plain, ground, 0.28) : plain;
}
