/** What the legend highlights, in the form that the painter takes. */

import { MARKS } from '../../../shared/draw/strip/column-strip.ts';
import { STATES } from '../../../shared/extent/flags.ts';
import { type LegendKey, MARK_KEYS } from '../../../shared/legend.ts';
import { PRESENT } from '../../../shared/model/tile.ts';

/** By state index: true if the state is drawn faded, because others are highlighted. */
export function fadedStates(highlighted: ReadonlySet<LegendKey>): readonly boolean[] {
  return STATES.map(state => highlighted.size > 0 && !highlighted.has(state));
}

/** The marks that are drawn: all of them, or those highlighted. */
export function shownMarks(highlighted: ReadonlySet<LegendKey>): number {
  if (highlighted.size === 0) return MARKS;
  return MARK_KEYS.reduce((mask, mark) => (highlighted.has(mark) ? mask | PRESENT[mark] : mask), 0);
}
