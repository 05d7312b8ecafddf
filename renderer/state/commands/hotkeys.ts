/** Keys as data: how a command names its key, how it is shown, and when an event is it. */

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

/** The part of a keyboard event that matters. */
export interface KeyPress {
  readonly code: string;
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly shiftKey: boolean;
  readonly altKey: boolean;
}

/** True where the event is the hotkey. Shift counts only for letters and named keys: `?` is `?` however it is typed. */
export function matches(press: KeyPress, hotkey: Hotkey, mac: boolean): boolean {
  const mod = mac ? press.metaKey : press.ctrlKey;
  const other = mac ? press.ctrlKey : press.metaKey;
  if (other || mod !== (hotkey.mod ?? false) || press.altKey !== (hotkey.alt ?? false)) return false;
  if (hotkey.code !== undefined)
    return press.code === hotkey.code && press.shiftKey === (hotkey.shift ?? false);
  if (hotkey.key === undefined || press.key.toLowerCase() !== hotkey.key.toLowerCase()) return false;
  const symbol = hotkey.key.length === 1 && hotkey.key.toLowerCase() === hotkey.key.toUpperCase();
  return symbol || press.shiftKey === (hotkey.shift ?? false);
}

/** Single characters without Ctrl or Alt: they act only where no text field has the focus. */
export function isPlain(hotkey: Hotkey): boolean {
  return hotkey.mod !== true && hotkey.alt !== true;
}

const NAMES: Readonly<Record<string, string>> = {
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
  const key = hotkey.key ?? hotkey.code?.replace(/^Key/, '') ?? '';
  const shown = NAMES[key] ?? (key.length === 1 ? key.toUpperCase() : key);
  return [
    ...(hotkey.mod === true ? [mac ? '⌘' : 'Ctrl'] : []),
    ...(hotkey.alt === true ? [mac ? '⌥' : 'Alt'] : []),
    ...(hotkey.shift === true ? [mac ? '⇧' : 'Shift'] : []),
    shown,
  ];
}
