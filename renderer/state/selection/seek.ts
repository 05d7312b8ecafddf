/** Searching a track for the next extent or mark of a kind. */
import { stateIndexOf } from '../../../shared/extent/flags.ts';
import type { MatchNumber } from '../../../shared/ipc/questions.ts';
import type { MarkKey } from '../../../shared/legend.ts';
import type { SeekKind } from '../../../shared/model/statistics.ts';
import { PRESENT } from '../../../shared/model/tile.ts';
import { NewestRun } from '../../../shared/newest-run.ts';
import type { Result } from '../../../shared/result.ts';
import { formatCount } from '../../../shared/text/offset.ts';
import { askChain } from '../chain/ask-chain.ts';
import { overviewStrip } from '../chain/chain-data.ts';
import { announce, getAxis, getState, setState, type TrackOffset } from '../store.ts';
import { goTo, jumpTo, selectedExtent } from './selection.ts';

/** Searches begun: only the newest one moves the selection. */
const searches = new NewestRun();

/** Begins a search. The returned function tells whether it is still the newest one. */
export function beginSearch(): () => boolean {
  return searches.begin();
}

/** The start of the next match of a kind on a track, -1 if there is none; undefined if it could not be requested. */
export async function seekExtent(
  track: number,
  from: number,
  kind: SeekKind,
  backwards: boolean,
): Promise<number | undefined> {
  const reply = await askChain('seek', { track, from: Math.floor(from), kind, backwards });
  if (reply === undefined) return undefined;
  if (!reply.ok) {
    if (reply.error.code !== 'CANCELLED') setState({ error: reply.error });
    return undefined;
  }
  return reply.value;
}

/** The first match of a kind on a track, offset 0 included; undefined if there is none. */
export async function seekFirst(track: number, kind: SeekKind): Promise<number | undefined> {
  const found = await seekExtent(track, -1, kind, false);
  return found === undefined || found < 0 ? undefined : found;
}

/** The first offset at which a track shows a mark on the whole axis, from what is loaded; undefined if it shows none. */
export function firstMarked(track: number, mark: MarkKey): number | undefined {
  const { size, width } = getAxis('guest');
  const strip = overviewStrip(track, size, Math.round(Math.max(width, 1) * devicePixelRatio));
  const column = strip.present.findIndex(present => (present & PRESENT[mark]) !== 0);
  return column < 0 ? undefined : Math.floor(((column + 0.5) / strip.width) * size);
}

/**
 * Selects the next (or previous) match of a kind on the focused track: from the selection on, else from what is on
 * screen. `name` is what a person calls the kind, for the message that there is none.
 */
export async function selectNext(kind: SeekKind, backwards: boolean, name: string): Promise<void> {
  const { selection, focusedTrack } = getState();
  const { viewport } = getAxis('guest');
  const from = backwards
    ? (selectedExtent()?.start ?? Math.ceil(viewport.end))
    : (selection?.offset ?? Math.ceil(viewport.start) - 1);
  const isNewest = beginSearch();
  const found = await seekExtent(focusedTrack, from, kind, backwards);
  if (found === undefined || !isNewest()) return;
  if (found < 0) announceNone(backwards, `${name} in ${trackName(focusedTrack)}`);
  // Going through extents one by one keeps the view; what was searched for is to be seen.
  else if (kind === 'change') await goTo({ track: focusedTrack, offset: found });
  else await jumpToMatch(focusedTrack, found, kind, name);
}

/** Goes to the match of a search, and says which of how many on its track it is. */
export function jumpToMatch(track: number, offset: number, kind: SeekKind, name: string): Promise<void> {
  return jumpToNumbered({ track, offset }, name, place => askChain('matchNumber', { ...place, kind }));
}

/** Goes to a place, and says which of how many it is: in the status bar, and aloud after what lies there. */
export async function jumpToNumbered(
  place: TrackOffset,
  name: string,
  askNumber: (place: TrackOffset) => Promise<Result<MatchNumber> | undefined>,
): Promise<void> {
  await jumpTo(place);
  const { selection } = getState();
  const reply = await askNumber({ track: place.track, offset: place.offset });
  if (reply?.ok !== true || getState().selection !== selection) return;
  const { number, total } = reply.value;
  if (number === 0) return; // what was found has changed meanwhile
  const text = `${formatCount(number)} of ${formatCount(total)}: ${name} in ${trackName(place.track)}`;
  announce(text, `${getState().announcement}. ${text}`);
}

/** Selects the next (or previous) extent of the state that is selected. */
export async function selectSameState(backwards: boolean): Promise<void> {
  const { inspection, selection } = getState();
  if (inspection === undefined || selection === undefined) {
    announce('Select an extent first');
    return;
  }
  const flags = inspection.layers.find(layer => layer.track === selection.track)?.word ?? inspection.word;
  await selectNext({ state: stateIndexOf(flags) }, backwards, 'extent of this state');
}

/** Announces that there is no further (or earlier) one of what `name` names. */
export function announceNone(backwards: boolean, name: string): void {
  const reading = getState().progress.some(({ phase }) => phase === 'reading' || phase === 'waiting');
  announce(`No ${backwards ? 'earlier' : 'further'} ${name}${reading ? ' so far' : ''}`);
}

function trackName(id: number): string {
  const track = getState().chain?.tracks.find(candidate => candidate.id === id);
  return track === undefined || track.kind === 'guest' ? 'the guest’s view' : track.title;
}
