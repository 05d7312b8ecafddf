/** Which track shows what. */
import type { OpenedChain } from './chain.ts';
import type { TrackInfo } from './track.ts';

/** The track of the layer, or depth, that an owner number names: 0 is the lowest. Undefined for -1, no owner. */
export function ownerTrack({ tracks }: Pick<OpenedChain, 'tracks'>, owner: number): TrackInfo | undefined {
  // The guest is first and the lowest is last.
  const at = tracks.length - 1 - owner;
  return owner < 0 || at < 1 ? undefined : tracks[at];
}
