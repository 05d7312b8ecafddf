import { useCallback, useState } from 'react';
import { presentIn } from '../../../shared/draw/strip/column-strip.ts';
import { STATES } from '../../../shared/extent/flags.ts';
import { BITS_OF_STATE } from '../../../shared/extent/parts.ts';
import { type LegendKey, MARK_KEYS } from '../../../shared/legend.ts';
import { PRESENT } from '../../../shared/model/tile.ts';
import { dataOf } from '../../state/axes/axis-data.ts';
import { overviewStrip } from '../../state/chain/chain-data.ts';
import { getAxis, getState } from '../../state/store.ts';
import { usePainter } from './use-painter.ts';

/** Always in the legend of an opened chain, so that it does not grow from nothing. */
const ALWAYS: readonly LegendKey[] = ['data', 'unallocated'];

/** States and marks that occur anywhere in the chain; none until its first picture is there, which they would hold up. */
export function usePresentKeys(): readonly LegendKey[] {
  const [keys, setKeys] = useState<readonly LegendKey[]>([]);
  const [last] = useState({ revision: 0 });
  const look = useCallback(() => {
    const { chain } = getState();
    const { size, width } = getAxis('guest');
    const revision = dataOf('guest').overviewRevision;
    if (chain === undefined || width === 0 || last.revision === revision) return;
    last.revision = revision;
    let present = 0;
    const columns = Math.round(width * devicePixelRatio);
    for (const track of chain.tracks) present |= presentIn(overviewStrip(track.id, size, columns));
    const found: LegendKey[] = [
      ...STATES.filter((state, i) => ALWAYS.includes(state) || present & (BITS_OF_STATE[i] as number)),
      ...MARK_KEYS.filter(mark => present & PRESENT[mark]),
    ];
    setKeys(before => (before.join() === found.join() ? before : found));
  }, [last]);
  usePainter(look);
  return keys;
}
