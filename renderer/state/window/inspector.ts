/** Whether the inspector is shown: beside the lanes by preference, and over them in a narrow window while it is asked for. */
import { useSyncExternalStore } from 'react';
import { getState, setState, useStore } from '../store.ts';

/** Windows in which the inspector lies over the lanes: see narrow.css. */
const NARROW = matchMedia('(max-width: 900px)');

function subscribe(changed: () => void): () => void {
  NARROW.addEventListener('change', changed);
  return () => NARROW.removeEventListener('change', changed);
}

/** Whether it is shown, for a component that follows. */
export function useInspectorShown(): boolean {
  const isNarrow = useSyncExternalStore(subscribe, () => NARROW.matches);
  return useStore(state => (isNarrow ? state.inspectorOverlay : state.inspectorOpen));
}

/** Shows or hides it. What is done in a narrow window is no preference for a wide one. */
export function showInspector(shown: boolean): void {
  setState(NARROW.matches ? { inspectorOverlay: shown } : { inspectorOpen: shown });
}

/** Hides it where it is shown, else shows it. */
export function toggleInspector(): void {
  const { inspectorOpen, inspectorOverlay } = getState();
  showInspector(!(NARROW.matches ? inspectorOverlay : inspectorOpen));
}
