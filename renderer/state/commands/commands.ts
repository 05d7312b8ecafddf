/** Runs the commands of shared/commands.ts: what each does in the window. */
import { type CommandId, commandOf, isCommandId } from '../../../shared/commands.ts';
import { chooseAndOpen, closeChain, showSnapshot } from '../chain/opening.ts';
import { cancelReading, retryReading } from '../chain/pushes.ts';
import { shownSnapshot } from '../chain/snapshots.ts';
import { goToFinding } from '../findings.ts';
import { fitAll, glideTo, goInHistory, panByShare, zoomBy } from '../navigation/navigation.ts';
import {
  clearOne,
  countRange,
  fitSelection,
  selectedExtent,
  selectNext,
  selectRange,
  selectSameState,
} from '../selection/selection.ts';
import {
  copySelection,
  focusElement,
  focusTrack,
  goToOwner,
  moveByCluster,
  openMenu,
  toggleTable,
  toggleTrack,
} from '../selection/track-actions.ts';
import { announce, getState, setState } from '../store.ts';
import { cycleTheme, toggleInspector } from '../window/preferences.ts';

const ZOOM = 0.6;

const ACTIONS: Readonly<Record<CommandId, () => unknown>> = {
  open: chooseAndOpen,
  connect: () => setState({ dialog: { kind: 'connect', uri: '' } }),
  snapshot: () => setState({ dialog: { kind: 'snapshots' } }),
  active: showActiveDisk,
  close: closeChain,

  fit: fitAll,
  'zoom-in': () => zoomBy(ZOOM, undefined, true),
  'zoom-out': () => zoomBy(1 / ZOOM, undefined, true),
  'pan-left': () => panByShare(-0.25),
  'pan-right': () => panByShare(0.25),
  inspector: toggleInspector,
  table: () => toggleTable(getState().focusedTrack),
  track: () => toggleTrack(getState().focusedTrack),
  legend: () => focusElement('.legend button'),
  theme: cycleTheme,
  cancel: cancelReading,
  retry: retryReading,

  go: () => focusElement('.go-to input'),
  back: () => goInHistory(-1),
  forward: () => goInHistory(1),
  'page-left': () => panByShare(-1),
  'page-right': () => panByShare(1),
  start: () => toEdge(false),
  end: () => toEdge(true),
  'next-override': () => selectNext('override', false, 'override'),
  'previous-override': () => selectNext('override', true, 'override'),
  'next-hole-override': () => selectNext('holeOverride', false, 'zeros that hide data'),
  'previous-hole-override': () => selectNext('holeOverride', true, 'zeros that hide data'),
  'next-dirty': () => selectNext('dirty', false, 'dirty range'),
  'next-finding': () => goToFinding(false),
  'previous-finding': () => goToFinding(true),
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
  owner: goToOwner,
  menu: openMenu,
  statistics: countRange,
  copy: copySelection,
  clear: clearOne,

  help: () => setState({ dialog: { kind: 'keys' } }),
  palette: () => setState({ dialog: { kind: 'palette' } }),
};

/** True if the command can be run now: without a chain few can. */
export function canRun(id: CommandId): boolean {
  return getState().chain !== undefined || commandOf(id).withoutChain === true;
}

/** Runs the command of an id; one that needs a chain does nothing where there is none. */
export function runCommand(id: string): void {
  if (isCommandId(id) && canRun(id)) ACTIONS[id]();
}

/** The label of a command as things stand: what would be copied is named. */
export function labelNow(id: CommandId): string {
  if (id === 'copy') return getState().range === undefined ? 'Copy offset' : 'Copy range';
  return commandOf(id).label;
}

function showActiveDisk(): void {
  const { chain } = getState();
  if (chain !== undefined && shownSnapshot(chain) !== undefined) showSnapshot();
  else announce('The active disk is shown');
}

function makeRange(): void {
  const extent = selectedExtent();
  if (extent !== undefined) selectRange(extent.start, extent.end);
}

function toEdge(end: boolean): void {
  const { viewport, chain } = getState();
  const size = chain?.chain.size ?? 0;
  const span = viewport.end - viewport.start;
  glideTo(end ? { start: size - span, end: size } : { start: 0, end: span });
}
