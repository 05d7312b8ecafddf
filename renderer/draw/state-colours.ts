/** The colours of every state by the marks that lie on it, worked out once for all columns of a picture. */
import { STATES } from '../../shared/extent/flags.ts';
import { PRESENT } from '../../shared/ipc/contract.ts';
import { MARKS } from '../lod/strip.ts';
import { type Ink, mix, type Pixel, readable } from './ink.ts';

/** Colours by state and marks: see {@link colourOf}. */
export type ColourTable = Uint32Array;

/** What fills every state, what its pattern is drawn in, and what is written on it. */
export interface StateColours {
  readonly bodies: ColourTable;
  readonly patterns: ColourTable;
  readonly texts: ColourTable;
}

/** What the colours are made for. */
interface Look {
  readonly ink: Ink;
  readonly shown: number;
  readonly colours: StateColours;
}

/** Shares of the lane in a colour that steps back: others are highlighted, past an end (hatched, or not), hidden. */
const FADED = 0.82;
const PAST = 0.75;
const PAST_UNHATCHED = 0.55;
const SHADOWED = 0.6;
const OVERRIDDEN = 0.42;

const COMBINATIONS = (MARKS >>> STATES.length) + 1;
const NEVER_HIDDEN = (['unallocated', 'reserved', 'outOfRange'] as const).map(state => STATES.indexOf(state));
const OUT_OF_RANGE = STATES.indexOf('outOfRange');
/** States whose name is written on the lane's own colour. */
const ON_PLATE = (['unread', 'unreadable'] as const).map(state => STATES.indexOf(state));
/** States whose name is written softly: the layer holds nothing there. */
const QUIET = (['unallocated', 'reserved', 'outOfRange', 'unread'] as const).map(state =>
  STATES.indexOf(state),
);

const looks = new WeakMap<readonly boolean[], Look>();

/**
 * The colours of one ink, with the states in `faded` stepping back and only the marks in `shown` counting. Kept for as
 * long as the same `faded` is asked about with the same of the others.
 */
export function stateColours(ink: Ink, faded: readonly boolean[], shown: number): StateColours {
  const known = looks.get(faded);
  if (known?.ink === ink && known.shown === shown) return known.colours;
  const bodies = new Uint32Array(STATES.length * COMBINATIONS);
  const patterns = new Uint32Array(STATES.length * COMBINATIONS);
  const texts = new Uint32Array(STATES.length * COMBINATIONS);
  for (let state = 0; state < STATES.length; state++) {
    for (let i = 0; i < COMBINATIONS; i++) {
      const at = state * COMBINATIONS + i;
      const marks = (i << STATES.length) & shown;
      const body = bodyColour(ink, state, marks, faded[state] === true);
      bodies[at] = body;
      patterns[at] = patternColour(ink, state, marks, faded[state] === true);
      texts[at] = textColour(state, ON_PLATE.includes(state) ? ink.lane : body);
    }
  }
  const colours = { bodies, patterns, texts };
  looks.set(faded, { ink, shown, colours });
  return colours;
}

/** The colour of a state under marks of PRESENT. */
export function colourOf(table: ColourTable, state: number, marks: number): Pixel {
  return table[state * COMBINATIONS + ((marks & MARKS) >>> STATES.length)] as Pixel;
}

/** The colours of the overview: those of the lanes, whatever is marked; what lies past a layer's end has no hatch there. */
export function overviewColours(ink: Ink): ColourTable {
  const table = new Uint32Array(STATES.length * COMBINATIONS);
  for (let state = 0; state < STATES.length; state++) {
    const colour = ink.states[state] ?? ink.lane;
    const shown = state === OUT_OF_RANGE ? mix(colour, ink.lane, PAST_UNHATCHED) : colour;
    table.fill(shown, state * COMBINATIONS, (state + 1) * COMBINATIONS);
  }
  return table;
}

/** Paler where something hides the state, paler still where others are highlighted. */
function bodyColour(ink: Ink, state: number, marks: number, faded: boolean): Pixel {
  let colour = ink.states[state] ?? ink.lane;
  // Marks of a mixed column are those of its content: what falls through cannot be hidden.
  const hidden = NEVER_HIDDEN.includes(state) ? 0 : marks;
  if (hidden & PRESENT.shadowed) colour = mix(colour, ink.lane, SHADOWED);
  else if (hidden & PRESENT.overridden) colour = mix(colour, ink.lane, OVERRIDDEN);
  if (state === OUT_OF_RANGE) colour = mix(colour, ink.lane, PAST);
  return faded ? mix(colour, ink.lane, FADED) : colour;
}

function patternColour(ink: Ink, state: number, marks: number, faded: boolean): Pixel {
  const hidden = marks & (PRESENT.shadowed | PRESENT.overridden);
  return mix(ink.pattern[state] ?? ink.lane, ink.lane, faded ? FADED : hidden ? OVERRIDDEN : 0);
}

function textColour(state: number, ground: Pixel): Pixel {
  const plain = readable(ground);
  return QUIET.includes(state) ? mix(plain, ground, 0.28) : plain;
}
