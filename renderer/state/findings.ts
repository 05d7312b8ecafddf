/** Going from one finding to the next, over all layers. */
import type { OpenedChain } from '../../shared/model/chain.ts';
import type { RangeFinding } from '../../shared/model/finding.ts';
import { announceNone, beginSearch, seek } from './selection/seek.ts';
import { goTo } from './selection/selection.ts';
import { getAxis, getState, type TrackOffset } from './store.ts';

/** The place of a finding: where it begins on its layer's track. Undefined where it is about no guest offset. */
export function placeOf({ layer, start }: RangeFinding, chain: OpenedChain): TrackOffset | undefined {
  const track = chain.tracks.find(({ kind, layer: shown }) => kind !== 'guest' && shown === layer);
  return track === undefined || start < 0 ? undefined : { track: track.id, offset: start };
}

/**
 * Selects the next (or previous) finding or damaged range: by offset, and at one offset from the top down. From the
 * selection on, else from what is in view. The list of findings may be cut, so the tracks themselves are searched too.
 */
export async function goToFinding(backwards: boolean): Promise<void> {
  const { chain, findings } = getState();
  if (chain === undefined) return;
  const from = startingPlace(backwards);
  const isAhead = (place: TrackOffset) => (backwards ? isBefore(place, from) : isBefore(from, place));
  const isNewest = beginSearch();
  const places = findings.flatMap(finding => placeOf(finding, chain) ?? []).filter(isAhead);
  for (const { id, kind } of chain.tracks) {
    if (kind === 'guest') continue;
    // A track further on may have a place at this very offset.
    const beyond = isAhead({ track: id, offset: from.offset });
    const limit = from.offset + (beyond ? (backwards ? 1 : -1) : 0);
    const found = await seek(id, limit, 'damaged', backwards);
    if (found === undefined || !isNewest()) return;
    if (found >= 0) places.push({ track: id, offset: found });
  }
  if (places.length === 0) announceNone(backwards, 'finding');
  else await goTo(places.reduce((best, place) => (isBefore(place, best) === backwards ? best : place)));
}

function startingPlace(backwards: boolean): TrackOffset {
  const { selection } = getState();
  const { viewport } = getAxis('guest');
  if (selection !== undefined) return selection;
  return backwards
    ? { track: Number.POSITIVE_INFINITY, offset: Math.ceil(viewport.end) - 1 }
    : { track: -1, offset: Math.ceil(viewport.start) };
}

function isBefore(a: TrackOffset, b: TrackOffset): boolean {
  return a.offset < b.offset || (a.offset === b.offset && a.track < b.track);
}
