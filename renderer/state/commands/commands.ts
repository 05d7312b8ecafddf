/** Runs the commands of shared/commands.ts: what each does in the window. */
import {
  COMMANDS,
  type CommandId,
  type CommandInfo,
  commandOf,
  isCommandId,
} from '../../../shared/commands.ts';
import { KEY_PAN_SHARE, KEY_ZOOM_FACTOR } from '../axes/axis-navigation.ts';
import { checkChain, stopCheck } from '../chain/check.ts';
import { chooseAndOpen, clearRecent, closeChain, showSnapshot } from '../chain/opening.ts';
import { cancelReading, retryReading } from '../chain/pushes.ts';
import { shownSnapshot } from '../chain/snapshots.ts';
import { isComparing, stepDifference } from '../compare/comparison.ts';
import { offerDeepCheck, stepFinding, toggleReviewed } from '../findings-view.ts';
import { chooseFolders } from '../folders.ts';
import { togglePartitions } from '../guest/partitions.ts';
import { HOST_ACTIONS } from '../host/host-commands.ts';
import { selectNext, selectSameState } from '../selection/seek.ts';
import {
  clearOne,
  fitSelection,
  selectedExtent,
  selectRange,
  zoomAroundSelection,
} from '../selection/selection.ts';
import { copyLink } from '../selection/shown-link.ts';
import {
  copySelection,
  focusElement,
  focusTrack,
  goToOwner,
  moveByCluster,
  openContextMenu,
  toggleTable,
  toggleTrack,
} from '../selection/track-actions.ts';
import { announce, getState, setState } from '../store.ts';
import type { ViewInfo } from '../view-info.ts';
import { currentAxis, currentNavigation, onTracks, showView } from '../views.ts';
import { copyDiagnostics } from '../window/diagnostics.ts';
import { showDrawerTab, toggleDrawer } from '../window/drawer.ts';
import { showInspector, toggleInspector } from '../window/inspector.ts';
import { cycleTheme } from '../window/preferences.ts';
import { isInView } from './command-scope.ts';

const ACTIONS: Readonly<Record<CommandId, () => unknown>> = {
  open: chooseAndOpen,
  folder: chooseFolders,
  connect: () => setState({ dialog: { kind: 'connect', uri: '' } }),
  report: () => setState({ dialog: { kind: 'report' } }),
  capture: () => setState({ dialog: { kind: 'capture' } }),
  snapshot: () => setState({ dialog: { kind: 'snapshots' } }),
  active: showActiveDisk,
  'clear-recent': clearRecent,
  close: closeChain,

  fit: () => currentNavigation().fitAll(),
  'zoom-in': () => zoomAroundSelection(currentAxis(), KEY_ZOOM_FACTOR),
  'zoom-out': () => zoomAroundSelection(currentAxis(), 1 / KEY_ZOOM_FACTOR),
  'pan-left': () => currentNavigation().panByShare(-KEY_PAN_SHARE),
  'pan-right': () => currentNavigation().panByShare(KEY_PAN_SHARE),
  inspector: toggleInspector,
  drawer: toggleDrawer,
  table: () => toggleTable(getState().focusedTrack),
  track: () => toggleTrack(getState().focusedTrack),
  partitions: togglePartitions,
  legend: () => focusElement('.legend button'),
  theme: cycleTheme,
  cancel: cancelReading,
  retry: retryReading,
  check: checkChain,
  'deep-check': offerDeepCheck,
  'stop-check': stopCheck,

  go: () => focusElement('.go-to input'),
  back: () => currentNavigation().goInHistory(-1),
  forward: () => currentNavigation().goInHistory(1),
  'page-left': () => currentNavigation().panByShare(-1),
  'page-right': () => currentNavigation().panByShare(1),
  start: () => currentNavigation().goToEdge('start'),
  end: () => currentNavigation().goToEdge('end'),
  'next-override': () => stepOverride(false),
  'previous-override': () => stepOverride(true),
  'next-hole-override': () => selectNext('holeOverride', false, 'zeros that hide data'),
  'previous-hole-override': () => selectNext('holeOverride', true, 'zeros that hide data'),
  'next-dirty': () => selectNext('dirty', false, 'dirty range'),
  'next-finding': () => stepFinding(false),
  'previous-finding': () => stepFinding(true),
  'review-finding': toggleReviewed,
  'next-cluster': () => moveByCluster(1),
  'previous-cluster': () => moveByCluster(-1),

  'next-extent': () => selectNext('change', false, 'extent'),
  'previous-extent': () => selectNext('change', true, 'extent'),
  'next-same': () => selectSameState(false),
  'previous-same': () => selectSameState(true),
  'layer-above': () => focusTrack(-1),
  'layer-below': () => focusTrack(1),
  'fit-selection': fitSelection,
  range: makeRange,
  'range-all': selectWholeDisk,
  owner: goToOwner,
  menu: openContextMenu,
  statistics: () => showDrawerTab('statistics'),
  copy: copySelection,
  'copy-link': copyLink,
  clear: clearOne,

  help: () => setState({ dialog: { kind: 'keys' } }),
  palette: () => setState({ dialog: { kind: 'palette' } }),
  meanings: () => setState({ dialog: { kind: 'meanings' } }),
  diagnostics: copyDiagnostics,
};

/** What commands that show or hide something do where it was not in view. */
const SHOWN_FIRST: Partial<Readonly<Record<CommandId, () => unknown>>> = {
  inspector: () => showInspector(true),
  drawer: () => setState({ drawerOpen: true }),
};

/** Goes to an override, and where two disks are compared to a difference. */
function stepOverride(backwards: boolean): Promise<void> {
  return isComparing() ? stepDifference(backwards) : selectNext('override', backwards, 'override');
}

/** A command as it is offered in the window: a row of the table, or a view that can be shown. */
export type WindowCommand = Pick<CommandInfo, 'group' | 'label' | 'hotkeys'> & { readonly id: string };

/** Every command: those of the table, then one for each view where there are several. */
export function windowCommands(): readonly WindowCommand[] {
  const { views } = getState();
  return views.length < 2 ? COMMANDS : [...COMMANDS, ...views.map(viewCommand)];
}

/** True if the command can be run now: without a chain few can. */
export function canRun(id: string): boolean {
  return getState().chain !== undefined || (isCommandId(id) && commandOf(id).withoutChain === true);
}

/**
 * Runs the command of an id; one that needs a chain does nothing where there is none. Where what it acts on is not in
 * view, the tracks of the chain are shown first.
 */
export function runCommand(id: string): void {
  if (!canRun(id)) return;
  if (isCommandId(id) && !isInView(id)) onTracks(SHOWN_FIRST[id] ?? ACTIONS[id]);
  else if (isCommandId(id)) (onAxis(id) ?? ACTIONS[id])();
  else for (const view of getState().views) if (viewCommand(view).id === id) showView(view.id);
}

/** What a command does on the axis in view, where that is another thing than on the guest's. */
function onAxis(id: CommandId): (() => unknown) | undefined {
  return currentAxis() === 'host' ? HOST_ACTIONS[id] : undefined;
}

function viewCommand({ id, title, hotkey }: ViewInfo): WindowCommand {
  return { id: `view-${id}`, group: 'View', label: `Show ${title}`, hotkeys: [hotkey] };
}

/** The label of a command now: it names what would be copied. */
export function labelNow(id: string): string {
  if (id === 'copy') return getState().range === undefined ? 'Copy start of the selection' : 'Copy range';
  return windowCommands().find(command => command.id === id)?.label ?? '';
}

function showActiveDisk(): void {
  const { chain } = getState();
  if (chain !== undefined && shownSnapshot(chain) !== undefined) showSnapshot();
  else announce('The active disk is shown');
}

function selectWholeDisk(): void {
  const size = getState().chain?.chain.size ?? 0;
  if (size > 0) selectRange(0, size);
}

function makeRange(): void {
  const extent = selectedExtent();
  if (extent === undefined) announce('Select an extent first');
  else selectRange(extent.start, extent.end);
}
