import { type RefObject, useLayoutEffect } from 'react';

/**
 * Opens a dialog element as modal and focuses what `initialFocus` selects in it; without a match the element chooses.
 * The element itself keeps the focus inside, and gives it back when it closes.
 */
export function useModal(ref: RefObject<HTMLDialogElement | null>, initialFocus: string): void {
  // A layout effect, so that it closes before it is removed: a removed element does not give the focus back.
  useLayoutEffect(() => {
    const dialog = ref.current;
    if (dialog === null) return;
    dialog.showModal();
    dialog.querySelector<HTMLElement>(initialFocus)?.focus();
    return () => dialog.close();
  }, [ref, initialFocus]);
}
