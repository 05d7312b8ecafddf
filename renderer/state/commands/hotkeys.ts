/** When a key press is a hotkey. */
import type { Hotkey } from '../../../shared/hotkeys.ts';

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
export function matchesHotkey(press: KeyPress, hotkey: Hotkey, mac: boolean): boolean {
  const mod = mac ? press.metaKey : press.ctrlKey;
  const other = mac ? press.ctrlKey : press.metaKey;
  if (other || mod !== (hotkey.mod ?? false) || press.altKey !== (hotkey.alt ?? false)) return false;
  if (hotkey.code !== undefined)
    return press.code === hotkey.code && press.shiftKey === (hotkey.shift ?? false);
  if (hotkey.key === undefined || press.key.toLowerCase() !== hotkey.key.toLowerCase()) return false;
  const symbol = hotkey.key.length === 1 && hotkey.key.toLowerCase() === hotkey.key.toUpperCase();
  return symbol || press.shiftKey === (hotkey.shift ?? false);
}
