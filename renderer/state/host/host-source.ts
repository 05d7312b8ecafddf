import { MAX_EXACT_EXTENTS, MAX_TILES_PER_CALL } from '../../../shared/ipc/questions.ts';
import { invoke } from '../../bridge/bridge.ts';
import type { SourceOf } from '../../data/axis-content.ts';

/** The source of the host axis: the file of a layer of the opened chain, which has `size` bytes. */
export function hostSource(sessionId: number, layer: number, size: number): SourceOf<'host'> {
  return {
    size,
    maxTiles: MAX_TILES_PER_CALL,
    maxEntries: MAX_EXACT_EXTENTS,
    tiles: span => invoke('chain:hostTiles', { sessionId, layer, ...span }),
    entries: ({ start, end }) => invoke('chain:hostRuns', { sessionId, layer, start, end }),
  };
}
