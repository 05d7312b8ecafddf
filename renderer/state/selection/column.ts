/** A column that several extents share is selected as what it is: no one of its bytes stands for the others. */
import type { GuestRange } from '../../../shared/ipc/questions.ts';
import { formatSize } from '../../../shared/text/offset.ts';
import { requestDraw } from '../../canvas/frame.ts';
import { askChain } from '../chain/ask-chain.ts';
import { getState, setState, type TrackOffset } from '../store.ts';
import { probeTrack } from './probe-track.ts';
import { selectAt } from './selection.ts';

/** Selects what is under the pointer: the extent, or the column where several extents share it. */
export async function selectUnder(target: TrackOffset): Promise<void> {
  const found = probeTrack(target.track, target.offset);
  if (found === undefined || found.extents === 1) await selectAt(target);
  else await selectColumn(target.track, { start: found.start, end: found.end });
}

/** Selects a column of a track and requests its sums. */
async function selectColumn(track: number, column: GuestRange): Promise<void> {
  const selection = { track, offset: column.start, column };
  setState({
    selection,
    columnSums: undefined,
    inspection: undefined,
    focusedTrack: track,
    message: '',
  });
  requestDraw();
  const reply = await askChain('statistics', column);
  if (reply === undefined || getState().selection !== selection) return;
  if (reply.ok) {
    const announcement = `${formatSize(column.end - column.start)} in one pixel, several extents`;
    setState({ columnSums: reply.value, announcement });
  } else if (reply.error.code !== 'CANCELLED') setState({ error: reply.error });
}

/** Requests what is selected again, because something was read there. */
export function refreshSelection(): void {
  const { selection } = getState();
  if (selection?.column !== undefined) void selectColumn(selection.track, selection.column);
  else if (selection !== undefined) void selectAt(selection);
}
