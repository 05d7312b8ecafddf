/** The colors of every state by the marks that lie on it, worked out once for all columns of a picture. */
import { STATES } from '../extent/flags.ts';
import { PRESENT } from '../model/tile.ts';
import { type ColorSet, mix, type Pixel, readable } from './color-set.ts';
import { MARKS } from './strip/column-strip.ts';

/** Colors by state and marks: see {@link colorOf}. */
export type ColorTable = Uint32Array;

/** What fills every state, what its pattern is drawn in, and what is written on it. */
export interface StateColors {
  readonly bodies: ColorTable;
  readonly patterns: ColorTable;
  readonly texts: ColorTable;
}

/** What the colors are made for. */
interface Look {
  readonly ink: ColorSet;
  readonly shown: number;
  readonly colors: StateColors;
}

/** Shares of the lane in a color that steps back: others are highlighted, past an end (hatched, or not), hidden. */
const FADED = 0.82;
const PAST = 0.75;
const PAST_UNHATCHED = 0.55;
const SHADOWED = 0.6;
const OVERRIDDEN = 0.42;

const COMBINATIONS = (MARKS >>> STATES.length) + 1;
const NEVER_HIDDEN = (['unallocated', 'reserved', 'outOfRange'] as const).map(state => STATES.indexOf(state));
const OUT_OF_RANGE = STATES.indexOf('outOfRange');
/** States whose name is written on the lane's own color. */
const ON_PLATE = (['unread', 'unreadable'] as const).map(state => STATES.indexOf(state));
/** States whose name is written softly: the layer holds nothing there. */
const QUIET = (['unallocated', 'reserved', 'outOfRange', 'unread'] as const).map(state =>
  STATES.indexOf(state),
);

const looks = new WeakMap<readonly boolean[], Look>();

/**
 * The colors of one ink, with the states in `faded` stepping back and only the marks in `shown` counting. Kept for as
 * long as the same `faded` is asked about with the same of the others.
 */
export function stateColors(ink: ColorSet, faded: readonly boolean[], shown: number): StateColors {
  const known = looks.get(faded);
  if (known?.ink === ink && known.shown === shown) return known.colors;
  const bodies = new Uint32Array(STATES.length * COMBINATIONS);
  const patterns = new Uint32Array(STATES.length * COMBINATIONS);
  const texts = new Uint32Array(STATES.length * COMBINATIONS);
  for (let state = 0; state < STATES.length; state++) {
    for (let i = 0; i < COMBINATIONS; i++) {
      const at = state * COMBINATIONS + i;
      const marks = (i << STATES.length) & shown;
      const body = bodyColor(ink, state, marks, faded[state] === true);
      bodies[at] = body;
      patterns[at] = patternColor(ink, state, marks, faded[state] === true);
      texts[at] = textColor(state, ON_PLATE.includes(state) ? ink.lane : body);
    }
  }
  const colors = { bodies, patterns, texts };
  looks.set(faded, { ink, shown, colors });
  return colors;
}

/** The color of a state under marks of PRESENT. */
export function colorOf(table: ColorTable, state: number, marks: number): Pixel {
  return table[state * COMBINATIONS + ((marks & MARKS) >>> STATES.length)] as Pixel;
}

/** The colors of the overview: those of the lanes, whatever is marked; what lies past a layer's end has no hatch there. */
export function overviewColors(ink: ColorSet): ColorTable {
  const table = new Uint32Array(STATES.length * COMBINATIONS);
  for (let state = 0; state < STATES.length; state++) {
    const color = ink.states[state] ?? ink.lane;
    const shown = state === OUT_OF_RANGE ? mix(color, ink.lane, PAST_UNHATCHED) : color;
    table.fill(shown, state * COMBINATIONS, (state + 1) * COMBINATIONS);
  }
  return table;
}

/** Paler where something hides the state, paler still where others are highlighted. */
function bodyColor(ink: ColorSet, state: number, marks: number, faded: boolean): Pixel {
  let color = ink.states[state] ?? ink.lane;
  // Marks of a mixed column are those of its content: what falls through cannot be hidden.
  const hidden = NEVER_HIDDEN.includes(state) ? 0 : marks;
  if (hidden & PRESENT.shadowed) color = mix(color, ink.lane, SHADOWED);
  else if (hidden & PRESENT.overridden) color = mix(color, ink.lane, OVERRIDDEN);
  if (state === OUT_OF_RANGE) color = mix(color, ink.lane, PAST);
  return faded ? mix(color, ink.lane, FADED) : color;
}

function patternColor(ink: ColorSet, state: number, marks: number, faded: boolean): Pixel {
  const hidden = marks & (PRESENT.shadowed | PRESENT.overridden);
  return mix(ink.pattern[state] ?? ink.lane, ink.lane, faded ? FADED : hidden ? OVERRIDDEN : 0);
}

function textColor(state: number, ground: Pixel): Pixel {
  const plain = readable(ground);
  return QUIET.includes(state) ? mix(plain, ground, 0.28) : plain;
}
