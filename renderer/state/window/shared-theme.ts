/** Has what the system draws, such as the menu bar, in the theme that the person chose. */
import { invoke } from '../../bridge/bridge.ts';
import { getState, useStore } from '../store.ts';

/** Tells the main process the theme where one was chosen, and whenever another one is. */
export function shareTheme(): void {
  const share = () => void invoke('app:theme', { theme: getState().theme });
  if (getState().theme !== 'system') share();
  useStore.subscribe(({ theme }, before) => {
    if (theme !== before.theme) share();
  });
}
