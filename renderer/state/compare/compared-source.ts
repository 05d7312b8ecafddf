import { MAX_EXACT_EXTENTS, MAX_TILES_PER_CALL } from '../../../shared/ipc/questions.ts';
import type { OpenedComparison } from '../../../shared/model/comparison.ts';
import { invoke } from '../../bridge/bridge.ts';
import type { SourceOf } from '../../data/axis-content.ts';

/** The source of the axis of two disks that are compared. */
export function comparedSource({ comparisonId, size }: OpenedComparison): SourceOf<'compare'> {
  return {
    size,
    maxTiles: MAX_TILES_PER_CALL,
    maxEntries: MAX_EXACT_EXTENTS,
    tiles: span => invoke('compare:tiles', { comparisonId, ...span }),
    entries: ({ start, end }) => invoke('compare:extents', { comparisonId, start, end }),
  };
}
