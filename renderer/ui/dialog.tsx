import { type ReactNode, useLayoutEffect, useRef } from 'react';
import { setState } from '../state/store.ts';
import { Icon } from './icon.tsx';

interface DialogFrameProps {
  readonly title: string;
  readonly className?: string;
  readonly children: ReactNode;
}

/** A modal dialog; what carries `data-initial-focus` is focused first. The element itself keeps the focus inside, gives it back and closes on Escape. */
export function DialogFrame({ title, className = '', children }: DialogFrameProps) {
  const ref = useRef<HTMLDialogElement>(null);
  // Before it leaves the page: an element that has left gives no focus back.
  useLayoutEffect(() => {
    const dialog = ref.current;
    if (dialog === null) return;
    dialog.showModal();
    // By itself it would focus its first button, which closes it.
    dialog.querySelector<HTMLElement>('[data-initial-focus]')?.focus();
    return () => dialog.close();
  }, []);
  return (
    <dialog
      ref={ref}
      className={`dialog ${className}`}
      aria-labelledby="dialog-title"
      onCancel={event => {
        event.preventDefault();
        closeDialog();
      }}
      onPointerDown={event => {
        if (event.target === event.currentTarget) closeDialog();
      }}
    >
      <div className="dialog-inner">
        <header>
          <h2 id="dialog-title">{title}</h2>
          <button type="button" className="tool" aria-label="Close" onClick={closeDialog}>
            <Icon name="close" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}

/** Closes whichever dialog is open. */
export function closeDialog(): void {
  setState({ dialog: undefined });
}
