import { type KeyboardEvent, useLayoutEffect, useRef } from 'react';
import { type CommandId, commandOf } from '../../../shared/commands.ts';
import { labelNow, runCommand } from '../../state/commands/commands.ts';
import { closeDialog } from '../../ui/dialog.tsx';
import { KeyCaps } from '../../ui/key-caps.tsx';

/** What can be done with the selected place. */
const ITEMS: readonly CommandId[] = ['copy', 'range', 'next-same', 'previous-same', 'owner', 'table'];

/** CSS pixels kept free for the menu, so that it lies within the window. */
const WIDTH = 300;
const HEIGHT = 220;

interface ContextMenuProps {
  /** CSS pixels from the window's upper left corner. */
  readonly x: number;
  readonly y: number;
}

/** The menu of a place on a track, with the keys of a menu. The element itself keeps the focus inside and gives it back. */
export function ContextMenu({ x, y }: ContextMenuProps) {
  const ref = useRef<HTMLDialogElement>(null);
  // Before it leaves the page: an element that has left gives no focus back.
  useLayoutEffect(() => {
    const menu = ref.current;
    if (menu === null) return;
    menu.showModal();
    menu.querySelector('button')?.focus();
    return () => menu.close();
  }, []);
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
      aria-label="This place"
      style={{
        left: Math.max(0, Math.min(x, innerWidth - WIDTH)),
        top: Math.max(0, Math.min(y, innerHeight - HEIGHT)),
      }}
      onKeyDown={onKeyDown}
      onContextMenu={event => event.preventDefault()}
      onPointerDown={event => {
        if (event.target === event.currentTarget) closeDialog();
      }}
    >
      <div role="menu" aria-label="This place">
        {ITEMS.map(id => (
          <button
            key={id}
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
        ))}
      </div>
    </dialog>
  );
}
