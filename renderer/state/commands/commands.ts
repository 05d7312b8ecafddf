/** Everything the window can do, as data: the toolbar, the palette, the key sheet and the keys are made from it. */

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
import type { Hotkey } from './hotkeys.ts';

/** One thing to do. */
export interface Command {
  /** Stable: menus and tests refer to it. */
  readonly id: string;
  readonly name: string;
  readonly group: 'File' | 'View' | 'Go' | 'Select' | 'Help';
  readonly hotkeys: readonly Hotkey[];
  /** Commands that need an opened chain are left out where there is none. */
  readonly needsChain: boolean;
  readonly run: () => void;
}

function command(
  group: Command['group'],
  id: string,
  name: string,
  hotkeys: readonly Hotkey[],
  run: () => unknown,
  needsChain = true,
): Command {
  return { id, name, group, hotkeys, needsChain, run: () => void run() };
}

const ZOOM = 0.6;

/** Every command in the order of the key sheet. */
export const COMMANDS: readonly Command[] = [
  command('File', 'open', 'Open image…', [{ key: 'o', mod: true }], chooseAndOpen, false),
  command(
    'File',
    'connect',
    'Connect to NBD…',
    [{ key: 'o', mod: true, shift: true }],
    () => setState({ dialog: { kind: 'connect', uri: '' } }),
    false,
  ),
  command('File', 'snapshot', 'Show internal snapshot…', [], () =>
    setState({ dialog: { kind: 'snapshots' } }),
  ),
  command('File', 'active', 'Back to the active disk', [], () => {
    const { chain } = getState();
    if (chain !== undefined && shownSnapshot(chain) !== undefined) showSnapshot();
    else announce('The active disk is shown');
  }),
  command('File', 'close', 'Close the chain', [{ key: 'w', mod: true, shift: true }], closeChain),

  command('View', 'fit', 'Fit the whole disk', [{ key: '0' }, { key: '0', mod: true }], fitAll),
  command('View', 'zoom-in', 'Zoom in', [{ code: 'KeyW' }, { key: '+' }, { key: '=' }], () =>
    zoomBy(ZOOM, undefined, true),
  ),
  command('View', 'zoom-out', 'Zoom out', [{ code: 'KeyS' }, { key: '-' }], () =>
    zoomBy(1 / ZOOM, undefined, true),
  ),
  command('View', 'pan-left', 'Pan left', [{ code: 'KeyA' }], () => panByShare(-0.25)),
  command('View', 'pan-right', 'Pan right', [{ code: 'KeyD' }], () => panByShare(0.25)),
  command('View', 'inspector', 'Show or hide the inspector', [{ key: 'i' }], toggleInspector, false),
  command('View', 'table', 'Show the track as a table', [{ key: 't' }], () =>
    toggleTable(getState().focusedTrack),
  ),
  command('View', 'track', 'Show or hide the track', [], () => toggleTrack(getState().focusedTrack)),
  command('View', 'legend', 'Focus the legend', [{ key: 'l' }], () => focusElement('.legend button')),
  command('View', 'theme', 'Change the theme: system, light, dark', [], cycleTheme, false),
  command('View', 'cancel', 'Stop reading', [], cancelReading),
  command('View', 'retry', 'Continue reading', [], retryReading),

  command('Go', 'go', 'Go to offset…', [{ key: 'g', mod: true }], () => focusElement('.go-to input')),
  command('Go', 'back', 'Back', [{ key: 'ArrowLeft', alt: true }], () => goInHistory(-1)),
  command('Go', 'forward', 'Forward', [{ key: 'ArrowRight', alt: true }], () => goInHistory(1)),
  command('Go', 'page-left', 'One screen left', [{ key: 'PageUp' }], () => panByShare(-1)),
  command('Go', 'page-right', 'One screen right', [{ key: 'PageDown' }], () => panByShare(1)),
  command('Go', 'start', 'Start of the disk', [{ key: 'Home' }], () => toEdge(false)),
  command('Go', 'end', 'End of the disk', [{ key: 'End' }], () => toEdge(true)),
  command('Go', 'next-override', 'Next override', [{ key: 'n' }], () =>
    selectNext('override', false, 'override'),
  ),
  command('Go', 'previous-override', 'Previous override', [{ key: 'n', shift: true }], () =>
    selectNext('override', true, 'override'),
  ),
  command('Go', 'next-hole-override', 'Next hole that overrides', [{ key: 'h' }], () =>
    selectNext('holeOverride', false, 'hole that overrides'),
  ),
  command('Go', 'previous-hole-override', 'Previous hole that overrides', [{ key: 'h', shift: true }], () =>
    selectNext('holeOverride', true, 'hole that overrides'),
  ),
  command('Go', 'next-dirty', 'Next dirty place', [], () => selectNext('dirty', false, 'dirty place')),
  command('Go', 'next-damaged', 'Next damaged place or finding', [{ key: 'j' }], () => goToFinding(false)),
  command('Go', 'previous-damaged', 'Previous damaged place or finding', [{ key: 'k' }], () =>
    goToFinding(true),
  ),
  command('Go', 'next-cluster', 'Next cluster', [{ key: ']' }], () => moveByCluster(1)),
  command('Go', 'previous-cluster', 'Previous cluster', [{ key: '[' }], () => moveByCluster(-1)),

  command('Select', 'next-extent', 'Next extent in this layer', [{ key: 'ArrowRight' }], () =>
    selectNext('change', false, 'extent'),
  ),
  command('Select', 'previous-extent', 'Previous extent in this layer', [{ key: 'ArrowLeft' }], () =>
    selectNext('change', true, 'extent'),
  ),
  command('Select', 'next-same', 'Next extent of the same state', [{ key: '.' }], () =>
    selectSameState(false),
  ),
  command('Select', 'previous-same', 'Previous extent of the same state', [{ key: ',' }], () =>
    selectSameState(true),
  ),
  command('Select', 'layer-above', 'Layer above', [{ key: 'ArrowUp' }], () => focusTrack(-1)),
  command('Select', 'layer-below', 'Layer below', [{ key: 'ArrowDown' }], () => focusTrack(1)),
  command('Select', 'fit-selection', 'Fit the selection', [{ key: 'f' }], fitSelection),
  command('Select', 'range', 'Make the selection a range', [{ key: 'r' }], () => {
    const extent = selectedExtent();
    if (extent !== undefined) selectRange(extent.start, extent.end);
  }),
  command('Select', 'owner', 'Go to the layer that is read here', [], goToOwner),
  command(
    'Select',
    'menu',
    'Menu of this place',
    [{ key: 'F10', shift: true }, { key: 'ContextMenu' }],
    openMenu,
  ),
  command('Select', 'statistics', 'Statistics of the range', [], countRange),
  command('Select', 'copy', 'Copy offset or range', [{ key: 'c', mod: true }], copySelection),
  command('Select', 'clear', 'Clear: tooltip, then range, then selection', [{ key: 'Escape' }], clearOne),

  command('Help', 'help', 'Keys', [{ key: '?' }], () => setState({ dialog: { kind: 'keys' } }), false),
  command(
    'Help',
    'palette',
    'Command palette',
    [{ key: 'p', mod: true, shift: true }, { key: 'F1' }],
    () => setState({ dialog: { kind: 'palette' } }),
    false,
  ),
];

/** Runs the command of an id; one that needs a chain does nothing where there is none. */
export function runCommand(id: string): void {
  const found = COMMANDS.find(candidate => candidate.id === id);
  if (found !== undefined && (getState().chain !== undefined || !found.needsChain)) found.run();
}

/** The first hotkey of a command. */
export function hotkeyOf(id: string): Hotkey | undefined {
  return COMMANDS.find(candidate => candidate.id === id)?.hotkeys[0];
}

function toEdge(end: boolean): void {
  const { viewport, chain } = getState();
  const size = chain?.chain.size ?? 0;
  const span = viewport.end - viewport.start;
  glideTo(end ? { start: size - span, end: size } : { start: 0, end: span });
}
