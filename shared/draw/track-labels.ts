/** What is written on the runs of a track and below them. */
import type { ExtentState } from '../extent/flags.ts';
import { PARTS, type PartIndex } from '../extent/parts.ts';
import { type Legend, legendOn, shortLabel } from '../legend.ts';
import type { OpenedChain } from '../model/chain.ts';
import type { TrackInfo } from '../model/track.ts';
import { ownerTrack } from '../model/tracks.ts';
import { escapeUntrusted } from '../text/untrusted-text.ts';
import type { RunCaption, RunLabels } from './painting.ts';

/** Longest layer name written on a run, in characters. */
const NAME_CHARACTERS = 40;

/**
 * The labels of a track's runs. On the guest's track they name the layer that decides. Made once for each kind of run,
 * since a frame has thousands.
 */
export function trackLabels(track: TrackInfo, chain: Pick<OpenedChain, 'chain' | 'tracks'>): RunLabels {
  const legend = legendOn(track, chain);
  return track.kind === 'guest' ? guestLabels(chain, legend) : layerLabels(legend);
}

function layerLabels(legend: Legend): RunLabels {
  const labels = PARTS.map(({ state, variant }) => {
    const { label, letter } = legend[state];
    switch (variant) {
      case 'overridden':
        return [`${label}, ${legend.overridden.label}`, `${label}, hidden`, ...stateLabels(state, legend)];
      case 'shadowed':
        return [legend.shadowed.label, 'hidden', letter];
      case 'hidesData':
        return [legend.holeOverrides.label, ...stateLabels(state, legend)];
      default:
        return stateLabels(state, legend);
    }
  });
  return ({ part }) => labels[part] ?? [];
}

function guestLabels(chain: Pick<OpenedChain, 'chain' | 'tracks'>, legend: Legend): RunLabels {
  const known = new Map<number, readonly string[]>();
  return ({ part, owner }) => {
    const key = owner * PARTS.length + part;
    const labels = known.get(key) ?? guestRunLabels(stateOfPart(part), owner, chain, legend);
    known.set(key, labels);
    return labels;
  };
}

function guestRunLabels(
  state: ExtentState,
  owner: number,
  chain: Pick<OpenedChain, 'chain' | 'tracks'>,
  legend: Legend,
): string[] {
  const labels = stateLabels(state, legend);
  if (state === 'unallocated') return labels;
  const title = ownerTrack(chain, owner)?.title;
  const name = title === undefined ? undefined : escapeUntrusted(title, NAME_CHARACTERS);
  return name === undefined ? labels : [`${legend[state].label} · ${name}`, ...labels];
}

/** A state alone: its label, the short one, its letter. What falls through has no letter. */
function stateLabels(state: ExtentState, legend: Legend): string[] {
  const { label, letter } = legend[state];
  const short = shortLabel(legend[state]);
  if (state === 'unallocated') return short === label ? [label] : [label, short];
  return short === label ? [label, letter] : [label, short, letter];
}

function stateOfPart(part: PartIndex): ExtentState {
  return PARTS[part]?.state ?? 'unread';
}

const NOT_STORED: readonly ExtentState[] = ['unallocated', 'outOfRange', 'unread', 'unreadable'];

/** What is written below the runs of the guest's track: the number, or depth, of the layer that is read. */
export function trackCaptions(
  track: TrackInfo,
  chain: Pick<OpenedChain, 'chain' | 'tracks'>,
): RunCaption | undefined {
  if (track.kind !== 'guest') return undefined;
  return run => {
    const owner = ownerTrack(chain, run.owner);
    if (owner === undefined || NOT_STORED.includes(stateOfPart(run.part))) return '';
    return String(owner.kind === 'depth' ? owner.depth : owner.layer);
  };
}
