/**
 * Every command of the window, as data. The window runs them (renderer/state/commands.ts), its palette and key sheet
 * list them, the menu bar shows those that are in a menu, and the README's table of keys is made from them
 * (build/readme-tables.mjs).
 */
import type { Hotkey } from './hotkeys.ts';

/** One row of the table. */
interface CommandRow {
  /** Stable: the menu sends it to the window, and tests refer to it. */
  readonly id: string;
  /** What it does, in a few words. An ellipsis says that it asks for more first. */
  readonly label: string;
  readonly hotkeys?: readonly Hotkey[];
  /** In the menu bar, in the menu of its group. */
  readonly inMenu?: true;
  /** Can be run while no chain is open. */
  readonly withoutChain?: true;
}

const ROWS = {
  Go: [
    { id: 'go', label: 'Go to offset or partition…', hotkeys: [{ key: 'g', mod: true }], inMenu: true },
    { id: 'back', label: 'Back', hotkeys: [{ key: 'ArrowLeft', alt: true }], inMenu: true },
    { id: 'forward', label: 'Forward', hotkeys: [{ key: 'ArrowRight', alt: true }], inMenu: true },
    { id: 'page-left', label: 'One screen left', hotkeys: [{ key: 'PageUp' }] },
    { id: 'page-right', label: 'One screen right', hotkeys: [{ key: 'PageDown' }] },
    { id: 'start', label: 'Start of the disk', hotkeys: [{ key: 'Home' }] },
    { id: 'end', label: 'End of the disk', hotkeys: [{ key: 'End' }] },
    { id: 'next-override', label: 'Next override, or difference', hotkeys: [{ key: 'n' }], inMenu: true },
    {
      id: 'previous-override',
      label: 'Previous override, or difference',
      hotkeys: [{ key: 'n', shift: true }],
    },
    { id: 'next-hole-override', label: 'Next zeros that hide data', hotkeys: [{ key: 'h' }], inMenu: true },
    {
      id: 'previous-hole-override',
      label: 'Previous zeros that hide data',
      hotkeys: [{ key: 'h', shift: true }],
    },
    { id: 'next-dirty', label: 'Next dirty range' },
    { id: 'next-finding', label: 'Next finding', hotkeys: [{ key: 'j' }], inMenu: true },
    { id: 'previous-finding', label: 'Previous finding', hotkeys: [{ key: 'k' }] },
    { id: 'review-finding', label: 'Mark the finding as reviewed', hotkeys: [{ key: 'x' }] },
    { id: 'next-cluster', label: 'Next cluster', hotkeys: [{ key: ']' }] },
    { id: 'previous-cluster', label: 'Previous cluster', hotkeys: [{ key: '[' }] },
  ],
  Select: [
    { id: 'next-extent', label: 'Next extent in this layer', hotkeys: [{ key: 'ArrowRight' }] },
    { id: 'previous-extent', label: 'Previous extent in this layer', hotkeys: [{ key: 'ArrowLeft' }] },
    { id: 'next-same', label: 'Next extent of the same state', hotkeys: [{ key: '.' }] },
    { id: 'previous-same', label: 'Previous extent of the same state', hotkeys: [{ key: ',' }] },
    { id: 'layer-above', label: 'Layer above', hotkeys: [{ key: 'ArrowUp' }] },
    { id: 'layer-below', label: 'Layer below', hotkeys: [{ key: 'ArrowDown' }] },
    { id: 'fit-selection', label: 'Fit the selection', hotkeys: [{ key: 'f' }] },
    { id: 'range', label: 'Make the selection a range', hotkeys: [{ key: 'r' }] },
    { id: 'range-all', label: 'Make the whole disk a range', hotkeys: [{ key: 'a', mod: true }] },
    { id: 'owner', label: 'Go to the layer that is read here' },
    { id: 'menu', label: 'Context menu', hotkeys: [{ key: 'F10', shift: true }, { key: 'ContextMenu' }] },
    { id: 'statistics', label: 'Statistics of the range, else of the disk' },
    { id: 'copy', label: 'Copy start of the selection, or range', hotkeys: [{ key: 'c', mod: true }] },
    { id: 'copy-link', label: 'Copy link to what is shown' },
    { id: 'clear', label: 'Clear the tooltip, the range, the selection', hotkeys: [{ key: 'Escape' }] },
  ],
  View: [
    {
      id: 'fit',
      label: 'Fit the whole disk',
      hotkeys: [{ key: '0' }, { key: '0', mod: true }],
      inMenu: true,
    },
    {
      id: 'zoom-in',
      label: 'Zoom in',
      hotkeys: [{ code: 'KeyW' }, { key: '+' }, { key: '=' }],
      inMenu: true,
    },
    { id: 'zoom-out', label: 'Zoom out', hotkeys: [{ code: 'KeyS' }, { key: '-' }], inMenu: true },
    { id: 'pan-left', label: 'Pan left', hotkeys: [{ code: 'KeyA' }] },
    { id: 'pan-right', label: 'Pan right', hotkeys: [{ code: 'KeyD' }] },
    {
      id: 'inspector',
      label: 'Show or hide the inspector',
      hotkeys: [{ key: 'i' }],
      inMenu: true,
      withoutChain: true,
    },
    { id: 'drawer', label: 'Show or hide the lists', hotkeys: [{ key: 'p' }], inMenu: true },
    { id: 'table', label: 'Show the track as a table', hotkeys: [{ key: 't' }], inMenu: true },
    { id: 'track', label: 'Show or hide the track' },
    { id: 'partitions', label: 'Partitions of the guest…', inMenu: true },
    { id: 'legend', label: 'Focus the legend', hotkeys: [{ key: 'l' }] },
    { id: 'theme', label: 'Change the theme: system, light, dark', inMenu: true, withoutChain: true },
    { id: 'cancel', label: 'Stop reading' },
    { id: 'retry', label: 'Continue reading' },
    { id: 'check', label: 'Check the images', inMenu: true },
    { id: 'deep-check', label: 'Check all data…', inMenu: true },
    { id: 'stop-check', label: 'Stop the check' },
  ],
  File: [
    {
      id: 'open',
      label: 'Open image…',
      hotkeys: [{ key: 'o', mod: true }],
      inMenu: true,
      withoutChain: true,
    },
    {
      id: 'folder',
      label: 'Open folder…',
      hotkeys: [{ key: 'f', mod: true, shift: true }],
      inMenu: true,
      withoutChain: true,
    },
    {
      id: 'connect',
      label: 'Connect to NBD…',
      hotkeys: [{ key: 'o', mod: true, shift: true }],
      inMenu: true,
      withoutChain: true,
    },
    { id: 'report', label: 'Save a report…', hotkeys: [{ key: 'e', mod: true }], inMenu: true },
    { id: 'capture', label: 'Write a capture…', inMenu: true },
    { id: 'snapshot', label: 'Show internal snapshot…', inMenu: true },
    { id: 'active', label: 'Back to the active disk' },
    { id: 'clear-recent', label: 'Clear the list of recent images', withoutChain: true },
    { id: 'close', label: 'Close the chain', hotkeys: [{ key: 'w', mod: true, shift: true }], inMenu: true },
  ],
  Help: [
    { id: 'help', label: 'Keys', hotkeys: [{ key: '?' }], inMenu: true, withoutChain: true },
    {
      id: 'palette',
      label: 'Command palette…',
      hotkeys: [{ key: 'p', mod: true, shift: true }, { key: 'F1' }],
      inMenu: true,
      withoutChain: true,
    },
    { id: 'meanings', label: 'What the colors and words mean', inMenu: true, withoutChain: true },
    { id: 'diagnostics', label: 'Copy diagnostics', inMenu: true, withoutChain: true },
  ],
} as const satisfies Readonly<Record<string, readonly CommandRow[]>>;

/** A section of the key sheet, and the menu of the same name. */
export type CommandGroup = keyof typeof ROWS;

/** The id of a command. */
export type CommandId = (typeof ROWS)[CommandGroup][number]['id'];

/** One command of the window. */
export interface CommandInfo extends CommandRow {
  readonly id: CommandId;
  readonly group: CommandGroup;
  readonly hotkeys: readonly Hotkey[];
}

/** The groups in the order of the key sheet. */
export const COMMAND_GROUPS = Object.keys(ROWS) as readonly CommandGroup[];

/** Every command, group after group, in the order of the key sheet, the palette and the menus. */
export const COMMANDS: readonly CommandInfo[] = COMMAND_GROUPS.flatMap(group =>
  ROWS[group].map((row: CommandRow & { readonly id: CommandId }) => ({ hotkeys: [], ...row, group })),
);

const BY_ID: ReadonlyMap<string, CommandInfo> = new Map(COMMANDS.map(command => [command.id, command]));

/** The command of an id. */
export function commandOf(id: CommandId): CommandInfo {
  return BY_ID.get(id) as CommandInfo;
}

/** True if the text is the id of a command. */
export function isCommandId(text: string): text is CommandId {
  return BY_ID.has(text);
}

/** What the pointer does in the chain view, for the key sheet and the README. */
export const POINTER_ACTIONS = [
  ['Wheel on a track', 'Zoom at the pointer'],
  ['Drag a track, Shift + wheel', 'Pan'],
  ['Drag the axis', 'Choose a range (Alt: without snapping)'],
  ['Click', 'Select the extent'],
  ['Double click', 'Fit the extent'],
  ['Right click', 'Context menu'],
] as const;
