/**
 * Parts of a column: the kinds of its bytes, by state and by what hides them. Shares are counted by part, so that
 * one hidden cluster among hundreds colors its own share of a column and no more.
 */
import {
  type ExtentState,
  HOLE_OVERRIDES,
  OVERRIDDEN,
  SHADOWED,
  STATES,
  type StateIndex,
  stateIndexOf,
} from './flags.ts';

/**
 * How a state stands in its chain: nothing hides it; it is zeros that hide data of a lower layer; a layer above hides it;
 * a layer above that is shorter hides it.
 */
export type PartVariant = 'plain' | 'hidesData' | 'overridden' | 'shadowed';

/** One kind of bytes in a column. */
export interface Part {
  readonly state: ExtentState;
  readonly variant: PartVariant;
}

/** Index of a part in {@link PARTS}, and its bit in the masks of columns. */
export type PartIndex = number;

/** States of content, from the top of a column down. */
const CONTENT = ['zeroHole', 'zeroAllocated', 'compressed', 'holeUnknown', 'data'] as const;

/** True if a layer in this state holds data or zeros. */
export function isContent(state: ExtentState): boolean {
  return CONTENT.some(content => content === state);
}

/**
 * Every part, in the order in which they lie in a column from the top down: what falls through, what is hidden, zeros,
 * and at the bottom data that is read.
 */
export const PARTS: readonly Part[] = [
  ...parts('plain', ['unreadable', 'unread', 'outOfRange', 'unallocated', 'reserved']),
  ...parts('shadowed', ['unreadable', ...CONTENT]),
  ...parts('overridden', ['unreadable', ...CONTENT]),
  ...parts('plain', ['zeroHole', 'zeroAllocated']),
  ...parts('hidesData', ['zeroHole', 'zeroAllocated']),
  ...parts('plain', ['compressed', 'holeUnknown', 'data']),
];

/** The bits of a column's mask that are parts. */
export const PART_BITS = 2 ** PARTS.length - 1;

/** The index in STATES of each part's state. */
export const STATE_OF_PART = Uint8Array.from(PARTS, ({ state }) => STATES.indexOf(state));

/** By state index the bits of all its parts. */
export const BITS_OF_STATE: readonly number[] = STATES.map(state => partBits(part => part.state === state));

/** The bits of all parts of a kind. */
export function partBits(isWanted: (part: Part) => boolean): number {
  return PARTS.reduce((bits, part, i) => (isWanted(part) ? bits | (1 << i) : bits), 0);
}

/** The part of a state under a variant; the plain one where the state has no such variant. */
export function partOf(state: StateIndex, variant: PartVariant = 'plain'): PartIndex {
  const is = (wanted: PartVariant) =>
    PARTS.findIndex(part => part.state === STATES[state] && part.variant === wanted);
  const found = is(variant);
  return found < 0 ? is('plain') : found;
}

/** {@link partOf} of every state and variant. */
const PART_OF = (['plain', 'hidesData', 'overridden', 'shadowed'] as const).map(variant =>
  STATES.map((_, state) => partOf(state, variant)),
);

/** The part that an extent with this word is. */
export function partIndexOf(word: number): PartIndex {
  const variant = word & SHADOWED ? 3 : word & OVERRIDDEN ? 2 : word & HOLE_OVERRIDES ? 1 : 0;
  return PART_OF[variant]?.[stateIndexOf(word)] as PartIndex;
}

/** The lowest part in a mask of at least one: the one nearest the top of a column. */
export function topPart(bits: number): PartIndex {
  // Not -bits: zero would make that a fraction's negative zero, and every call slower.
  return 31 - Math.clz32(bits & (~bits + 1));
}

function parts(variant: PartVariant, states: readonly ExtentState[]): readonly Part[] {
  return states.map(state => ({ state, variant }));
}
