/** Keys to commands. */
import { isPlain } from '../../../shared/hotkeys.ts';
import { getState } from '../store.ts';
import { leavesKeysToPage } from './command-scope.ts';
import { canRun, runCommand, windowCommands } from './commands.ts';
import { matchesHotkey } from './hotkeys.ts';

/** Listens to the keyboard until the returned function is called. */
export function listenToKeys(mac: boolean): () => void {
  const onKey = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.isComposing || getState().dialog !== undefined) return;
    for (const { id, hotkeys } of windowCommands()) {
      const hotkey = hotkeys.find(candidate => matchesHotkey(event, candidate, mac));
      if (hotkey === undefined || !canRun(id) || leavesKeysToPage(id)) continue;
      if (isPlain(hotkey) && hotkey.key !== 'F1' && typesInto(event.target, event.key)) return;
      if (id === 'range-all' && typesInto(event.target, 'a')) return;
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

/** True where the key belongs to the element: in a text field, or an arrow in a widget that has its own arrows. */
function typesInto(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.matches('input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]'))
    return true;
  return (
    key.startsWith('Arrow') &&
    target.closest('[type=radio], [role=grid], [role=listbox], [role=separator], .brush') !== null
  );
}
