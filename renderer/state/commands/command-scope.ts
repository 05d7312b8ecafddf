/** Which commands have their effect in the view that is shown. */
import type { CommandId } from '../../../shared/commands.ts';
import { isComparing } from '../compare/comparison.ts';
import { FINDINGS_VIEW } from '../findings-view.ts';
import { HOST_ACTIONS } from '../host/host-commands.ts';
import { getState } from '../store.ts';
import { areTracksShown, currentAxis, shownView } from '../views.ts';

/** Commands that move over the axis of the view: a view that is a list has none. */
const ALONG_AXIS: ReadonlySet<string> = new Set<CommandId>([
  'fit',
  'zoom-in',
  'zoom-out',
  'pan-left',
  'pan-right',
  'page-left',
  'page-right',
  'start',
  'end',
  'back',
  'forward',
]);

/** Commands that act on the tracks of the chain, or on what lies beside and below them. */
const ON_TRACKS: ReadonlySet<string> = new Set<CommandId>([
  'next-override',
  'previous-override',
  'next-hole-override',
  'previous-hole-override',
  'next-dirty',
  'next-finding',
  'previous-finding',
  'next-cluster',
  'previous-cluster',
  'next-extent',
  'previous-extent',
  'next-same',
  'previous-same',
  'layer-above',
  'layer-below',
  'fit-selection',
  'range',
  'range-all',
  'owner',
  'menu',
  'copy',
  'clear',
  'inspector',
  'drawer',
  'statistics',
  'table',
  'track',
]);

/** Commands whose keys scroll a page, or copy or mark text, where the window does not take them. */
const WITH_KEYS_OF_PAGES: ReadonlySet<string> = new Set<CommandId>([
  'page-left',
  'page-right',
  'start',
  'end',
  'next-extent',
  'previous-extent',
  'layer-above',
  'layer-below',
  'range-all',
  'copy',
  'clear',
]);

/** True where what a command acts on is in view. Without a chain nothing is, and every command may run. */
export function isInView(id: string): boolean {
  const view = shownView(getState());
  if (view === undefined || getState().chain === undefined) return true;
  if (ALONG_AXIS.has(id)) return view.isList !== true;
  return !ON_TRACKS.has(id) || areTracksShown() || hasOwnMeaning(id);
}

/** True where the view that is shown does something else for a command than the tracks do. */
function hasOwnMeaning(id: string): boolean {
  if (currentAxis() === 'host') return Object.hasOwn(HOST_ACTIONS, id);
  if (isComparing()) return id === 'next-override' || id === 'previous-override';
  const isFindings = shownView(getState())?.id === FINDINGS_VIEW;
  return isFindings && (id === 'next-finding' || id === 'previous-finding');
}

/** True where the keys of a command are left to what is shown: a list or a page that scrolls, and text that can be marked. */
export function leavesKeysToPage(id: string): boolean {
  if (!WITH_KEYS_OF_PAGES.has(id)) return false;
  return !isInView(id) || (ALONG_AXIS.has(id) && currentAxis() === 'plan');
}
