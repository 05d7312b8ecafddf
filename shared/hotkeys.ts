/** Keys as data: how a command names its keys, and how they are shown in the window, the menu bar and the README. */

/**
 * A key. `code` is a physical key (WASD stay where they are on every layout), `key` what the layout says it types.
 * `mod` is Ctrl, on a Mac Cmd.
 */
export interface Hotkey {
  readonly code?: string;
  readonly key?: string;
  readonly mod?: boolean;
  readonly shift?: boolean;
  readonly alt?: boolean;
}

const SHORT_NAMES: Readonly<Record<string, string>> = {
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  PageUp: 'PgUp',
  PageDown: 'PgDn',
  Escape: 'Esc',
  ContextMenu: '☰',
  ' ': 'Space',
};

/** The hotkey as shown to a person, one part a key cap: `['Ctrl', 'Shift', 'P']`. */
export function keyCaps(hotkey: Hotkey, mac: boolean): readonly string[] {
  const key = keyOf(hotkey);
  return [
    ...(hotkey.mod === true ? [mac ? '⌘' : 'Ctrl'] : []),
    ...(hotkey.alt === true ? [mac ? '⌥' : 'Alt'] : []),
    ...(hotkey.shift === true ? [mac ? '⇧' : 'Shift'] : []),
    SHORT_NAMES[key] ?? (key.length === 1 ? key.toUpperCase() : key),
  ];
}

/** The hotkey as an accelerator of Electron's menus: `CmdOrCtrl+Shift+P`. */
export function acceleratorOf(hotkey: Hotkey): string {
  const key = keyOf(hotkey).replace(/^Arrow/, '');
  return [
    ...(hotkey.mod === true ? ['CmdOrCtrl'] : []),
    ...(hotkey.alt === true ? ['Alt'] : []),
    ...(hotkey.shift === true ? ['Shift'] : []),
    key.length === 1 ? key.toUpperCase() : key,
  ].join('+');
}

/** True for a key without Ctrl, Cmd or Alt: it acts only where no text field has the focus. */
export function isPlain(hotkey: Hotkey): boolean {
  return hotkey.mod !== true && hotkey.alt !== true;
}

function keyOf({ key, code }: Hotkey): string {
  return key ?? code?.replace(/^Key/, '') ?? '';
}
