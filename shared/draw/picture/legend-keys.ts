/** What a legend has to name. */
import { STATES } from '../../extent/flags.ts';
import { BITS_OF_STATE } from '../../extent/parts.ts';
import { type LegendKey, MARK_KEYS } from '../../legend.ts';
import { PRESENT } from '../../model/tile.ts';
import { type ColumnStrip, presentIn } from '../strip/column-strip.ts';

/** The states and marks that occur in any strip, in the order of the legend. */
export function legendKeysIn(strips: readonly ColumnStrip[]): readonly LegendKey[] {
  const present = strips.reduce((mask, strip) => mask | presentIn(strip), 0);
  return [
    ...STATES.filter((_, i) => present & (BITS_OF_STATE[i] as number)),
    ...MARK_KEYS.filter(mark => present & PRESENT[mark]),
  ];
}
