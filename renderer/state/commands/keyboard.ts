/** Keys to commands. */
import { COMMANDS } from '../../../shared/commands.ts';
import { isPlain } from '../../../shared/hotkeys.ts';
import { getState } from '../store.ts';
import { canRun, runCommand } from './commands.ts';
import { matches } from './hotkeys.ts';

/** Listens to the keyboard until the returned function is called. */
export function listenToKeys(mac: boolean): () => void {
  const onKey = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.isComposing || getState().dialog !== undefined) return;
    for (const { id, hotkeys } of COMMANDS) {
      const hotkey = hotkeys.find(candidate => matches(event, candidate, mac));
      if (hotkey === undefined || !canRun(id)) continue;
      if (isPlain(hotkey) && hotkey.key !== 'F1' && typesInto(event.target, event.key)) return;
      // Copying marked text stays the system's.
      if (id === 'copy' && (typesInto(event.target, 'c') || getSelection()?.toString() !== '')) return;
      event.preventDefault();
      runCommand(id);
      return;
    }
  };
  window.addEventListener('keydown', onKey);
  return () => window.removeEventListener('keydown', onKey);
}

/** True where the key belongs to the element: a text field, or the arrows of a widget of its own. */
function typesInto(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.matches('input:not([type=checkbox]), textarea, select, [contenteditable]')) return true;
  return (
    key.startsWith('Arrow') &&
    target.closest('[role=grid], [role=listbox], [role=separator], .brush') !== null
  );
}
