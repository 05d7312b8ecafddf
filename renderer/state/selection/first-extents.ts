/** The first extents of a view that holds too many for one reply. */
import type { TrackExtents } from '../../../shared/model/track.ts';
import type { Viewport } from '../../axis/viewport.ts';
import type { ExactEntries } from '../../data/exact-range.ts';
import { askChain } from '../chain/ask-chain.ts';
import { setState } from '../store.ts';

/** By how much less is asked for after a reply that there are too many. */
const SHRINK_FACTOR = 4;

/**
 * The extents of every track from the start of a viewport on, up to where one reply ends; undefined if they could not be
 * requested. What was found to hold too many is asked for in smaller parts.
 */
export async function requestFirstExtents(view: Viewport): Promise<ExactEntries<TrackExtents> | undefined> {
  const start = Math.max(0, Math.floor(view.start));
  for (
    let span = Math.ceil((view.end - start) / SHRINK_FACTOR);
    span >= 1;
    span = Math.floor(span / SHRINK_FACTOR)
  ) {
    const reply = await askChain('extents', { start, end: start + span });
    if (reply === undefined) return undefined;
    if (!reply.ok) {
      setState({ error: reply.error });
      return undefined;
    }
    if (reply.value.tooMany) continue;
    const tracks: TrackExtents[] = [];
    for (const extents of reply.value.tracks) tracks[extents.track] = extents;
    return { start, end: reply.value.end, tracks };
  }
  return undefined;
}
