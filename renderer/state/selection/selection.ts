/** What is selected: a place (which the inspector explains) and a range (of which it shows sums). */

import { stateIndexOf } from '../../../shared/extent/flags.ts';
import type { SeekKind } from '../../../shared/model/statistics.ts';
import { invoke } from '../../bridge/bridge.ts';
import { requestDraw } from '../../canvas/frame.ts';
import { bringIntoView, fitRange, seek } from '../navigation/navigation.ts';
import { announce, getState, setState, type TrackOffset } from '../store.ts';
import { describePlace } from './describe-selection.ts';

/** Selects a place and asks for everything known about it. */
export async function selectAt(place: TrackOffset): Promise<void> {
  const { chain } = getState();
  if (chain === undefined) return;
  const size = chain.chain.size;
  const offset = Math.min(Math.max(Math.floor(place.offset), 0), Math.max(size - 1, 0));
  const selection = { track: place.track, offset };
  setState({ selection, focusedTrack: place.track, message: '' });
  requestDraw();
  const reply = await invoke('chain:inspect', { sessionId: chain.sessionId, offset });
  if (getState().selection !== selection) return;
  if (!reply.ok) {
    setState({ error: reply.error, inspection: undefined });
    return;
  }
  setState({ inspection: reply.value, announcement: describePlace(reply.value, place.track, chain) });
  requestDraw();
}

/** Selects a place and brings it on screen. */
export async function goTo(place: TrackOffset): Promise<void> {
  bringIntoView(place.offset);
  await selectAt(place);
}

/** Asks again about what is selected, since something was read there. */
export function refreshSelection(): void {
  const { selection } = getState();
  if (selection !== undefined) void selectAt(selection);
}

/** The extent that is selected: of the selected track, or the merged one. */
export function selectedExtent(): { readonly start: number; readonly end: number } | undefined {
  const { inspection, selection } = getState();
  if (inspection === undefined || selection === undefined) return undefined;
  return inspection.layers.find(layer => layer.track === selection.track) ?? inspection;
}

/** Searches begun: only the newest one moves the selection. */
let seeks = 0;

/** Begins a search. The function tells whether it is still the newest one. */
export function beginSearch(): () => boolean {
  const mine = ++seeks;
  return () => mine === seeks;
}

/** Selects the next (or previous) place of a kind on the focused track, from the selection on, else from what is in view. */
export async function selectNext(kind: SeekKind, backwards: boolean, name: string): Promise<void> {
  const { selection, focusedTrack, viewport } = getState();
  const from = backwards
    ? (selectedExtent()?.start ?? Math.ceil(viewport.end))
    : (selection?.offset ?? Math.ceil(viewport.start) - 1);
  const isNewest = beginSearch();
  const found = await seek(focusedTrack, from, kind, backwards);
  if (found === undefined || !isNewest()) return;
  if (found < 0) announceNone(backwards, `${name} in ${trackName(focusedTrack)}`);
  else await goTo({ track: focusedTrack, offset: found });
}

/** Says that there is no further (or earlier) one of what `name` names. */
export function announceNone(backwards: boolean, name: string): void {
  const reading = getState().progress.some(({ phase }) => phase === 'reading' || phase === 'waiting');
  announce(`No ${backwards ? 'earlier' : 'further'} ${name}${reading ? ' so far' : ''}`);
}

function trackName(id: number): string {
  const track = getState().chain?.tracks.find(candidate => candidate.id === id);
  return track === undefined || track.kind === 'guest' ? 'the guest’s view' : track.title;
}

/** The first place of a kind on a track, offset 0 included; undefined where there is none. */
export async function seekFirst(track: number, kind: SeekKind): Promise<number | undefined> {
  const found = await seek(track, -1, kind, false);
  return found === undefined || found < 0 ? undefined : found;
}

/** Selects the next (or previous) extent of the state that is selected. */
export async function selectSameState(backwards: boolean): Promise<void> {
  const { inspection, selection } = getState();
  if (inspection === undefined || selection === undefined) {
    announce('Select an extent first');
    return;
  }
  const word = inspection.layers.find(layer => layer.track === selection.track)?.word ?? inspection.word;
  await selectNext({ state: stateIndexOf(word) }, backwards, 'extent of this state');
}

/** Fits the extent that is selected. */
export function fitSelection(): void {
  const extent = getState().range ?? selectedExtent();
  if (extent !== undefined) fitRange(extent.start, extent.end);
}

/** Selects a range of the axis. */
export function selectRange(start: number, end: number): void {
  setState({ range: { start, end }, statistics: undefined });
  requestDraw();
}

/** Asks for the sums of the selected range and shows them. */
export async function countRange(): Promise<void> {
  const { chain, range } = getState();
  if (chain === undefined || range === undefined) return;
  setState({ inspectorOpen: true });
  const reply = await invoke('chain:statistics', { sessionId: chain.sessionId, ...range });
  if (getState().range !== range) return;
  if (reply.ok) setState({ statistics: reply.value });
  else if (reply.error.code !== 'CANCELLED') setState({ error: reply.error });
}

/** Clears the pointer's place, then the range, then the selection: one of them each time. */
export function clearOne(): void {
  const { hover, range, selection } = getState();
  if (hover !== undefined) setState({ hover: undefined });
  else if (range !== undefined) setState({ range: undefined, statistics: undefined });
  else if (selection !== undefined) setState({ selection: undefined, inspection: undefined });
  requestDraw();
}
