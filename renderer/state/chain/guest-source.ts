import { MAX_EXACT_EXTENTS, MAX_TILES_PER_CALL } from '../../../shared/ipc/questions.ts';
import { invoke } from '../../bridge/bridge.ts';
import type { SourceOf } from '../../data/axis-content.ts';

/** The source of the guest axis: the opened chain of a session, whose disk has `size` bytes. */
export function guestSource(
  sessionId: number,
  size: number,
  call: typeof invoke = invoke,
): SourceOf<'guest'> {
  return {
    size,
    maxTiles: MAX_TILES_PER_CALL,
    maxEntries: MAX_EXACT_EXTENTS,
    tiles: span => call('chain:tiles', { sessionId, ...span }),
    entries: ({ start, end }) => call('chain:extents', { sessionId, start, end }),
  };
}
