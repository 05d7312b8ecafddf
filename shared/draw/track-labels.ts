/** What is written on the runs of a track, longest first. */
import type { ExtentState } from '../extent/flags.ts';
import { LEGEND, stateAt } from '../legend-keys.ts';
import type { OpenedChain } from '../model/chain.ts';
import { PRESENT } from '../model/tile.ts';
import type { TrackInfo } from '../model/track.ts';
import { ownerTrack } from '../model/tracks.ts';
import { escapeUntrusted } from '../text/untrusted-text.ts';
import type { Run } from './runs.ts';

/** Longest layer name written on a run. */
const NAME = 40;

/** A function that gives the labels of a run. On the guest's track they name the layer that decides. */
export function trackLabels(track: TrackInfo, chain: OpenedChain): (run: Run) => readonly string[] {
  const names = chain.tracks.map(({ title }) => escapeUntrusted(title, NAME));
  return run => {
    const { letter, name } = LEGEND[stateAt(run.state)];
    if (track.kind !== 'guest') {
      const hidden = run.marks & PRESENT.overridden ? [`${name}, overridden`] : [];
      if (run.marks & PRESENT.shadowed) return ['hidden by a shorter layer', 'hidden', letter];
      return stateAt(run.state) === 'unallocated' ? [name] : [...hidden, name, letter];
    }
    const state = stateAt(run.state);
    const owner = names[ownerTrack(chain, run.owner)?.id ?? -1];
    if (state === 'unallocated') return [name];
    if (state === 'outOfRange') return [`past the end of ${owner ?? 'a layer'}`, 'past the end', letter];
    return owner === undefined ? [name, letter] : [`${name} · ${owner}`, name, letter];
  };
}

/** A function that gives what is written below a run: on the guest's track the number, or depth, of the layer that is read. */
export function trackFeet(track: TrackInfo, chain: OpenedChain): ((run: Run) => string) | undefined {
  if (track.kind !== 'guest') return undefined;
  return run => {
    const owner = ownerTrack(chain, run.owner);
    if (owner === undefined || NOT_HELD.includes(stateAt(run.state))) return '';
    return String(owner.kind === 'depth' ? owner.depth : owner.layer);
  };
}

const NOT_HELD: readonly ExtentState[] = ['unallocated', 'outOfRange', 'unread', 'unreadable'];
