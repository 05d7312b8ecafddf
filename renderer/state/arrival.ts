/** What comes from outside the window, and is shown or begun in it. */
import type { Arrival, StartView } from '../../shared/model/arrival.ts';
import { navigationOf } from './axes/axis-navigation.ts';
import { openTarget } from './chain/opening.ts';
import { openFolders } from './folders.ts';
import { selectAt } from './selection/selection.ts';
import { getAxis, getState } from './store.ts';
import { showView } from './views.ts';

/** Bytes that are shown around an offset for which no length is named. */
const SHOWN_BYTES = 2 ** 20;

/** Shows what came. `run` runs a command. */
export async function showArrival(arrival: Arrival, run: (command: string) => void): Promise<void> {
  if (arrival.kind === 'command') return run(arrival.command);
  if (arrival.kind === 'folders') return openFolders(arrival.folders);
  const { target, start } = arrival;
  await openTarget(target);
  if (start !== undefined && getState().chain !== undefined && getState().target === target) lookAt(start);
}

/** Shows a place of the chain that has just been opened. One past the end of the disk leads to its end. */
function lookAt({ at, length, view }: StartView): void {
  if (view !== undefined) showView(view);
  if (at === undefined) return;
  const offset = Math.min(at, Math.max(getAxis('guest').size - 1, 0));
  const from = length === undefined ? offset - SHOWN_BYTES / 2 : offset;
  navigationOf('guest').setViewport({ start: from, end: from + Math.max(length ?? SHOWN_BYTES, 1) });
  void selectAt({ track: getState().focusedTrack, offset });
}
