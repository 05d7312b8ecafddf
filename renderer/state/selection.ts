/** What is selected: a place (which the inspector explains) and a range (of which it shows sums). */

import { stateIndexOf } from '../../shared/extent/flags.ts';
import type { SeekKind } from '../../shared/ipc/contract.ts';
import { describePlace } from '../a11y/describe-place.ts';
import { call } from '../bridge/bridge.ts';
import { requestDraw } from '../draw/frame.ts';
import { bringIntoView, fitRange, seek } from './navigation.ts';
import { now, type Place, set } from './store.ts';

/** Selects a place and asks for everything known about it. */
export async function select(place: Place): Promise<void> {
  const { chain } = now();
  if (chain === undefined) return;
  const size = chain.chain.size;
  const offset = Math.min(Math.max(Math.floor(place.offset), 0), Math.max(size - 1, 0));
  const selection = { track: place.track, offset };
  set({ selection, focusedTrack: place.track });
  requestDraw();
  const reply = await call('chain:inspect', { session: chain.session, offset });
  if (now().selection !== selection) return;
  if (!reply.ok) {
    set({ error: reply.error, inspection: undefined });
    return;
  }
  set({ inspection: reply.value, announcement: describePlace(reply.value, place.track, chain) });
  requestDraw();
}

/** Selects a place and brings it on screen. */
export async function goTo(place: Place): Promise<void> {
  bringIntoView(place.offset);
  await select(place);
}

/** Asks again about what is selected, since something was read there. */
export function refreshSelection(): void {
  const { selection } = now();
  if (selection !== undefined) void select(selection);
}

/** The extent that is selected: of the selected track, or the merged one. */
export function selectedExtent(): { readonly start: number; readonly end: number } | undefined {
  const { inspection, selection } = now();
  if (inspection === undefined || selection === undefined) return undefined;
  return inspection.layers.find(layer => layer.track === selection.track) ?? inspection;
}

/** Searches begun: only the newest one moves the selection. */
let seeks = 0;

/** Selects the next (or previous) place of a kind, on the focused track, from the selection on. */
export async function selectNext(kind: SeekKind, backwards: boolean, name: string): Promise<void> {
  const { selection, focusedTrack, viewport } = now();
  const extent = selectedExtent();
  const start = backwards ? (extent?.start ?? viewport.end) : (selection?.offset ?? viewport.start - 1);
  const mine = ++seeks;
  const found = await seek(focusedTrack, Math.max(-1, start), kind, backwards);
  if (mine !== seeks) return;
  if (found === undefined) set({ announcement: `No ${backwards ? 'earlier' : 'further'} ${name}` });
  else await goTo({ track: focusedTrack, offset: found });
}

/** The first place of a kind on a track, offset 0 included; undefined where there is none. */
export function seekFirst(track: number, kind: SeekKind): Promise<number | undefined> {
  return seek(track, -1, kind, false);
}

/** Selects the next (or previous) extent of the state that is selected. */
export async function selectSameState(backwards: boolean): Promise<void> {
  const { inspection, selection } = now();
  if (inspection === undefined || selection === undefined) return;
  const word = inspection.layers.find(layer => layer.track === selection.track)?.word ?? inspection.word;
  await selectNext({ state: stateIndexOf(word) }, backwards, 'extent of this state');
}

/** Fits the extent that is selected. */
export function fitSelection(): void {
  const extent = now().range ?? selectedExtent();
  if (extent !== undefined) fitRange(extent.start, extent.end);
}

/** Selects a range of the axis. */
export function selectRange(start: number, end: number): void {
  set({ range: { start, end }, statistics: undefined });
  requestDraw();
}

/** Asks for the sums of the selected range and shows them. */
export async function countRange(): Promise<void> {
  const { chain, range } = now();
  if (chain === undefined || range === undefined) return;
  set({ inspectorOpen: true });
  const reply = await call('chain:statistics', { session: chain.session, ...range });
  if (now().range !== range) return;
  if (reply.ok) set({ statistics: reply.value });
  else if (reply.error.code !== 'CANCELLED') set({ error: reply.error });
}

/** Clears the pointer's place, then the range, then the selection: one of them each time. */
export function clearOne(): void {
  const { hover, range, selection } = now();
  if (hover !== undefined) set({ hover: undefined });
  else if (range !== undefined) set({ range: undefined, statistics: undefined });
  else if (selection !== undefined) set({ selection: undefined, inspection: undefined });
  requestDraw();
}
