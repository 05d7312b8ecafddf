/** What the legend highlights, in the form that the painter takes. */

import { MARKS } from '../../../shared/draw/strip/column-strip.ts';
import { PARTS, type PartVariant } from '../../../shared/extent/parts.ts';
import { type LegendKey, MARK_KEYS, type MarkKey } from '../../../shared/legend.ts';
import { PRESENT } from '../../../shared/model/tile.ts';

/** The mark that names a variant. */
const MARK_OF: Partial<Record<PartVariant, MarkKey>> = {
  hidesData: 'holeOverrides',
  overridden: 'overridden',
  shadowed: 'shadowed',
};

/** By part index: true if the part is drawn faded, because others are highlighted. */
export function fadedParts(highlighted: ReadonlySet<LegendKey>): readonly boolean[] {
  return PARTS.map(({ state, variant }) => {
    const mark = MARK_OF[variant];
    return highlighted.size > 0 && !highlighted.has(state) && !(mark !== undefined && highlighted.has(mark));
  });
}

/** The marks that are drawn: all of them, or those highlighted. */
export function shownMarks(highlighted: ReadonlySet<LegendKey>): number {
  if (highlighted.size === 0) return MARKS;
  return MARK_KEYS.reduce((mask, mark) => (highlighted.has(mark) ? mask | PRESENT[mark] : mask), 0);
}
