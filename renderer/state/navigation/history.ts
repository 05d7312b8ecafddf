/** Back and forward through the places that were looked at. */
import type { Viewport } from '../../axis/viewport.ts';

/** Places in the order they were visited; `at` is the present one, -1 before the first. */
export interface History {
  readonly places: readonly Viewport[];
  readonly at: number;
}

/** Places kept. */
const LIMIT = 100;

/** No place yet. */
export const NO_HISTORY: History = { places: [], at: -1 };

/** The history after visiting `place`: what lay ahead is forgotten; the same place twice is one. */
export function visit(history: History, place: Viewport): History {
  const present = history.places[history.at];
  if (present !== undefined && present.start === place.start && present.end === place.end) return history;
  const places = [...history.places.slice(0, history.at + 1), place].slice(-LIMIT);
  return { places, at: places.length - 1 };
}

/** The history `steps` places on (negative is back), or undefined where there is none. */
export function travel(history: History, steps: number): History | undefined {
  const at = history.at + steps;
  return at < 0 || at >= history.places.length ? undefined : { places: history.places, at };
}
