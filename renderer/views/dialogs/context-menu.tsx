import { type KeyboardEvent, useRef } from 'react';
import { type CommandId, commandOf } from '../../../shared/commands.ts';
import { labelNow, runCommand } from '../../state/commands/commands.ts';
import { copiedBytes } from '../../state/selection/copied-bytes.ts';
import { copyForms } from '../../state/selection/copy-forms.ts';
import { copyText } from '../../state/selection/track-actions.ts';
import { useStore } from '../../state/store.ts';
import { closeDialog } from '../../ui/dialog.tsx';
import { useModal } from '../../ui/hooks/use-modal.ts';
import { KeyCaps } from '../../ui/key-caps.tsx';

/** What can be done with the selection beside copying it. */
const ITEMS: readonly CommandId[] = ['range', 'next-same', 'previous-same', 'owner', 'table'];

/** Room kept for the menu, so that it lies within the window. */
const MENU_WIDTH_PX = 300;
const ITEM_HEIGHT_PX = 34;

interface ContextMenuProps {
  /** CSS pixels from the window's upper left corner. */
  readonly x: number;
  readonly y: number;
}

/** The context menu of the selection, with the keys of a menu. */
export function ContextMenu({ x, y }: ContextMenuProps) {
  const ref = useRef<HTMLDialogElement>(null);
  // What is known of the selection may arrive while the menu is open: its forms are last, so that nothing moves.
  useStore(state => state.inspection);
  const place = copiedBytes();
  const forms = place === undefined ? [] : copyForms(place);
  useModal(ref, 'button');
  const onKeyDown = (event: KeyboardEvent) => {
    const buttons = [...(ref.current?.querySelectorAll('button') ?? [])];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (next !== undefined) buttons.at(next % buttons.length)?.focus();
    else if (event.key === 'Escape' || event.key === 'Tab') closeDialog();
    else return;
    event.preventDefault();
  };
  return (
    <dialog
      ref={ref}
      className="context-menu"
      aria-label="Selection"
      style={{
        left: Math.max(0, Math.min(x, innerWidth - MENU_WIDTH_PX)),
        top: Math.max(0, Math.min(y, innerHeight - (ITEMS.length + forms.length + 1) * ITEM_HEIGHT_PX)),
      }}
      onKeyDown={onKeyDown}
      onContextMenu={event => event.preventDefault()}
      onPointerDown={event => {
        if (event.target === event.currentTarget) closeDialog();
      }}
    >
      <div role="menu" aria-label="Selection">
        <CommandItem id="copy" />
        {ITEMS.map(id => (
          <CommandItem key={id} id={id} />
        ))}
        {forms.map(({ label, text }) => (
          <button
            key={label}
            type="button"
            role="menuitem"
            title={text}
            onClick={() => {
              closeDialog();
              void copyText(text);
            }}
          >
            {label}
          </button>
        ))}
      </div>
    </dialog>
  );
}

function CommandItem({ id }: { readonly id: CommandId }) {
  return (
    <button
      type="button"
      role="menuitem"
      onClick={() => {
        closeDialog();
        runCommand(id);
      }}
    >
      {labelNow(id)}
      <KeyCaps hotkeys={commandOf(id).hotkeys.slice(0, 1)} />
    </button>
  );
}
