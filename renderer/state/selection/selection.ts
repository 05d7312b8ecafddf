/** What is selected: an offset on a track, which the inspector explains, and a range, of which it shows sums. */
import type { GuestRange } from '../../../shared/ipc/questions.ts';
import type { AxisId } from '../../axis/axis-id.ts';
import { bytesPerPx } from '../../axis/scale.ts';
import { requestDraw } from '../../canvas/frame.ts';
import { navigationOf } from '../axes/axis-navigation.ts';
import { askChain } from '../chain/ask-chain.ts';
import { announce, getAxis, getState, setState, type TrackOffset } from '../store.ts';
import { describeSelection } from './describe-selection.ts';

/** Selects an offset on a track and requests everything known about it. */
export async function selectAt({ track, offset: at }: TrackOffset): Promise<void> {
  const { chain } = getState();
  if (chain === undefined) return;
  const offset = Math.min(Math.max(Math.floor(at), 0), Math.max(getAxis('guest').size - 1, 0));
  const selection = { track, offset };
  setState({ selection, focusedTrack: track, message: '' });
  requestDraw();
  const reply = await askChain('inspect', { offset });
  if (reply === undefined || getState().selection !== selection) return;
  if (!reply.ok) {
    setState({ error: reply.error, inspection: undefined });
    return;
  }
  setState({ inspection: reply.value, announcement: describeSelection(reply.value, track, chain) });
  requestDraw();
}

/** Selects an offset on a track and brings it on screen. */
export async function goTo(target: TrackOffset): Promise<void> {
  navigationOf('guest').reveal(target.offset);
  await selectAt(target);
}

/** CSS pixels that the target of a jump has at least, and how many of its lengths are shown otherwise. */
const MIN_TARGET_PX = 8;
const SHOWN_LENGTHS = 17;

/** Goes to what was searched for. Where it would be too narrow to be seen, the view is zoomed around it. */
export async function jumpTo(target: TrackOffset): Promise<void> {
  await goTo(target);
  const extent = selectedExtent();
  if (extent !== undefined) zoomTo(extent);
}

/** As {@link jumpTo}, where what is to be seen is a range and not the whole extent that it lies in. */
export async function jumpToRange(target: TrackOffset, range: GuestRange): Promise<void> {
  navigationOf('guest').reveal(target.offset);
  zoomTo(range);
  await selectAt(target);
}

/** Zooms around a range that would be too narrow to be seen. */
function zoomTo({ start, end }: GuestRange): void {
  const { viewport, width, size } = getAxis('guest');
  const length = end - start;
  if (width === 0 || length / bytesPerPx(viewport, width) >= MIN_TARGET_PX) return;
  const around = (length * (Math.min(SHOWN_LENGTHS, width / (2 * MIN_TARGET_PX)) - 1)) / 2;
  navigationOf('guest').fitRange(Math.max(0, start - around), Math.min(size, end + around));
}

/** The extent that is selected: of the selected track, or the merged one. */
export function selectedExtent(): { readonly start: number; readonly end: number } | undefined {
  const { inspection, selection } = getState();
  if (selection?.column !== undefined) return selection.column;
  if (inspection === undefined || selection === undefined) return undefined;
  return inspection.layers.find(layer => layer.track === selection.track) ?? inspection;
}

/** Fits the range, else the extent that is selected. */
export function fitSelection(): void {
  const extent = getState().range ?? selectedExtent();
  if (extent === undefined) announce('Select an extent first');
  else navigationOf('guest').fitRange(extent.start, extent.end);
}

/** Zooms an axis by a factor of its span (below 1 zooms in): around the selection if it is on screen, else the middle. */
export function zoomAroundSelection(axis: AxisId, factor: number): void {
  navigationOf(axis).glideZoom(factor, axis === 'guest' ? getState().selection?.offset : undefined);
}

/** Selects a range of the guest axis. */
export function selectRange(start: number, end: number): void {
  setState({ range: { start, end }, statistics: undefined });
  requestDraw();
}

/** Requests the sums of the selected range and shows them. */
export async function countRange(): Promise<void> {
  const { chain, range } = getState();
  if (chain === undefined || range === undefined) return;
  const reply = await askChain('statistics', range);
  if (reply === undefined || getState().range !== range) return;
  if (reply.ok) setState({ statistics: reply.value });
  else if (reply.error.code !== 'CANCELLED') setState({ error: reply.error });
}

/** Selects nothing: the inspector shows the chain again. */
export function clearSelection(): void {
  setState({ selection: undefined, inspection: undefined });
  requestDraw();
}

/** Clears the tooltip, else the range, else the selection. */
export function clearOne(): void {
  const { hover, range, selection } = getState();
  if (hover !== undefined) setState({ hover: undefined });
  else if (range !== undefined) setState({ range: undefined, statistics: undefined });
  else if (selection !== undefined) clearSelection();
  requestDraw();
}
