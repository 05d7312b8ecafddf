/** The findings of the opened chain: a list of them, and going from one to the next over all layers. */
import { MAX_FINDINGS_PER_PAGE } from '../../shared/ipc/questions.ts';
import type { OpenedChain } from '../../shared/model/chain.ts';
import {
  type Finding,
  type FindingFilter,
  type FindingPage,
  type FindingPlace,
  WHOLE_CHAIN,
} from '../../shared/model/finding.ts';
import { invoke } from '../bridge/bridge.ts';
import { askChain } from './chain/ask-chain.ts';
import { announceNone, beginSearch, jumpToNumbered, seekExtent } from './selection/seek.ts';
import { getAxis, getState, setState, type TrackOffset } from './store.ts';

/** The first findings that a filter lets through, and how many there are; undefined if they could not be requested. */
export async function requestFindings(
  sessionId: number,
  filter: FindingFilter,
  most: number,
): Promise<FindingPage | undefined> {
  const findings: Finding[] = [];
  for (;;) {
    const page = { skip: findings.length, most: Math.min(most - findings.length, MAX_FINDINGS_PER_PAGE) };
    const reply = await invoke('chain:findings', { sessionId, ...filter, ...page });
    if (!reply.ok) return undefined; // the chain was closed, and what shows it closes too
    findings.push(...reply.value.findings);
    const { total } = reply.value;
    if (findings.length >= Math.min(most, total) || reply.value.findings.length === 0)
      return { findings, total };
  }
}

/** Where a finding begins on its layer's track. Undefined if it is about no guest offset. */
export function startOfFinding({ layer, guest }: Finding, chain: OpenedChain): TrackOffset | undefined {
  const [first] = guest;
  return first === undefined ? undefined : onTrack({ layer, offset: first[0] }, chain);
}

function onTrack({ layer, offset }: FindingPlace, { tracks }: OpenedChain): TrackOffset | undefined {
  const track = tracks.find(({ kind, layer: shown }) => kind !== 'guest' && shown === layer);
  return track === undefined ? undefined : { track: track.id, offset };
}

/**
 * Selects the next (or previous) finding or damaged range: by offset, and at one offset from the top down. From the
 * selection on, else from what is in view. What a server could not read is no finding, so the tracks are searched too.
 */
export async function goToFinding(backwards: boolean): Promise<void> {
  const { chain } = getState();
  if (chain === undefined) return;
  const from = startOfSearch(backwards);
  const isAhead = (at: TrackOffset) => (backwards ? isBefore(at, from) : isBefore(from, at));
  const isNewest = beginSearch();
  const matches: TrackOffset[] = [];
  const next = await askChain('nextFinding', { ...layerAt(from, chain), backwards });
  if (next === undefined || !isNewest()) return;
  if (!next.ok) {
    setState({ error: next.error });
    return;
  }
  const finding = next.value === null ? undefined : onTrack(next.value, chain);
  if (finding !== undefined) matches.push(finding);
  for (const { id, kind } of chain.tracks) {
    if (kind === 'guest') continue;
    // A track further on may have a match at this very offset.
    const beyond = isAhead({ track: id, offset: from.offset });
    const limit = from.offset + (beyond ? (backwards ? 1 : -1) : 0);
    const found = await seekExtent(id, limit, 'damaged', backwards);
    if (found === undefined || !isNewest()) return;
    if (found >= 0) matches.push({ track: id, offset: found });
  }
  if (matches.length === 0) announceNone(backwards, 'finding');
  else
    await jumpToNumbered(
      matches.reduce((best, match) => (isBefore(match, best) === backwards ? best : match)),
      'place with findings',
      place => askChain('findingNumber', place),
    );
}

/** An offset on a track as one on its layer: above all layers for the guest's track, below them past the last track. */
function layerAt({ track, offset }: TrackOffset, { tracks, chain }: OpenedChain): FindingPlace {
  const shown = tracks.find(({ id, kind }) => id === track && kind !== 'guest');
  return { layer: shown?.layer ?? (track <= 0 ? chain.layers.length : WHOLE_CHAIN), offset };
}

function startOfSearch(backwards: boolean): TrackOffset {
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
