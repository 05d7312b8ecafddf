/** How the states that share a column lie above each other. */
import { STATES } from '../../extent/flags.ts';
import type { ColumnStrip } from './column-strip.ts';

/** From the top down: what falls through, then zeros, then content at the bottom. */
const ORDER = (
  [
    'unreadable',
    'unread',
    'outOfRange',
    'unallocated',
    'reserved',
    'zeroHole',
    'zeroAllocated',
    'compressed',
    'holeUnknown',
    'data',
  ] as const
).map(state => STATES.indexOf(state));

/** By state: whether the layer itself holds something there. */
const HELD = STATES.map(
  state => !['unreadable', 'unread', 'outOfRange', 'unallocated', 'reserved'].includes(state),
);

/** What a state that the layer holds gets at least: this part of the height, within these CSS pixels. */
const LEAST_HELD = { share: 1 / 6, low: 3, high: 6 } as const;

/** The states of one column, top first: `states[i]` begins at row `tops[i]` and ends where the next one begins. */
export interface ColumnStack {
  readonly states: Uint8Array;
  readonly tops: Int32Array;
}

/** A stack with room for every state, to be filled again and again. */
export function createStack(): ColumnStack {
  return { states: new Uint8Array(STATES.length), tops: new Int32Array(STATES.length) };
}

const least = new Int32Array(STATES.length);
const thin = new Uint8Array(STATES.length);

/**
 * Lays the states of a mixed column above each other in `rows` device pixels and returns how many there are; `unit` is
 * device pixels in a CSS pixel. Heights follow the shares, but nothing that is present vanishes: every state gets a
 * device pixel and what the layer holds enough to be noticed, so that one cluster in 10 TiB is seen. The states with more
 * than that give up the room, in proportion; the order and the sum of the heights stay.
 */
export function stackColumn(
  stack: ColumnStack,
  { shares }: ColumnStrip,
  column: number,
  rows: number,
  unit: number,
): number {
  const { states, tops } = stack;
  const at = column * STATES.length;
  let count = 0;
  let total = 0;
  for (let i = 0; i < ORDER.length; i++) {
    const state = ORDER[i] as number;
    const part = shares[at + state] as number;
    if (part === 0) continue;
    states[count++] = state;
    total += part;
  }
  const fair = Math.max(1, Math.floor(rows / Math.max(1, count)));
  const { share, low, high } = LEAST_HELD;
  const held = Math.min(Math.max(Math.round(rows * share), low * unit), high * unit, fair);
  for (let i = 0; i < count; i++) {
    least[i] = HELD[states[i] as number] === true ? held : 1;
    thin[i] = 0;
  }
  let room = rows;
  for (let again = true; again; ) {
    again = false;
    for (let i = 0; i < count; i++) {
      const part = shares[at + (states[i] as number)] as number;
      if (thin[i] === 1 || part * room >= (least[i] as number) * total) continue;
      thin[i] = 1;
      room -= least[i] as number;
      total -= part;
      again = true;
    }
  }
  for (let i = 0, y = 0; i < count; i++) {
    // Only a picture of fewer rows than states has any to clip.
    tops[i] = Math.min(Math.round(y), rows - 1);
    y +=
      thin[i] === 1 ? (least[i] as number) : ((shares[at + (states[i] as number)] as number) * room) / total;
  }
  return count;
}
