/** Back and forward through the viewports that were visited. */
import type { Viewport } from '../../axis/viewport.ts';

/** Viewports in the order they were visited; `at` is the present one, -1 before the first. */
export interface ViewHistory {
  readonly visited: readonly Viewport[];
  readonly at: number;
}

/** Viewports kept. */
const MAX_VISITED = 100;

/** Nothing visited yet. */
export const NO_HISTORY: ViewHistory = { visited: [], at: -1 };

/** The history after visiting `view`: what lay ahead is forgotten; the same viewport twice in a row is one. */
export function visitView(history: ViewHistory, view: Viewport): ViewHistory {
  const present = history.visited[history.at];
  if (present !== undefined && present.start === view.start && present.end === view.end) return history;
  const visited = [...history.visited.slice(0, history.at + 1), view].slice(-MAX_VISITED);
  return { visited, at: visited.length - 1 };
}

/** The history `steps` viewports on (negative is back), or undefined where there is none. */
export function travelHistory(history: ViewHistory, steps: number): ViewHistory | undefined {
  const at = history.at + steps;
  return at < 0 || at >= history.visited.length ? undefined : { visited: history.visited, at };
}
