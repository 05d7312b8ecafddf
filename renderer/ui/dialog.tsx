import { type ReactNode, useRef } from 'react';
import { setState } from '../state/store.ts';
import { useModal } from './hooks/use-modal.ts';
import { Icon } from './icon.tsx';

interface DialogFrameProps {
  readonly title: string;
  readonly className?: string;
  readonly children: ReactNode;
}

/** A modal dialog. An element with `data-initial-focus` is focused first, else the button that closes it. */
export function DialogFrame({ title, className = '', children }: DialogFrameProps) {
  const ref = useRef<HTMLDialogElement>(null);
  useModal(ref, '[data-initial-focus]');
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
