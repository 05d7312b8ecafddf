import { type KeyboardEvent, useId, useState } from 'react';
import {
  canRun,
  labelNow,
  runCommand,
  type WindowCommand,
  windowCommands,
} from '../../state/commands/commands.ts';
import { fuzzyScore } from '../../state/commands/fuzzy.ts';
import { closeDialog, DialogFrame } from '../../ui/dialog.tsx';
import { KeyCaps } from '../../ui/key-caps.tsx';

/** Finds and runs a command by its name. */
export function CommandPalette() {
  const [query, setQuery] = useState('');
  const [at, setAt] = useState(0);
  const id = useId();
  const found = windowCommands()
    .filter(command => command.id !== 'palette' && canRun(command.id))
    .map(command => ({ command, score: fuzzyScore(query, labelNow(command.id)) }))
    .filter(({ score }) => score >= 0)
    .sort((a, b) => b.score - a.score)
    .map(({ command }) => command);
  const chosen = Math.min(at, found.length - 1);

  const run = (command: WindowCommand | undefined) => {
    if (command === undefined) return;
    closeDialog();
    runCommand(command.id);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      setAt((chosen + step + found.length) % Math.max(found.length, 1));
    } else if (event.key === 'Enter') {
      event.preventDefault();
      run(found[chosen]);
    }
  };

  return (
    <DialogFrame title="Commands" className="palette">
      <input
        role="combobox"
        aria-label="Find a command"
        aria-expanded="true"
        aria-controls={id}
        aria-activedescendant={found[chosen] === undefined ? undefined : `${id}-${found[chosen].id}`}
        placeholder="Find a command"
        spellCheck={false}
        data-initial-focus
        value={query}
        onChange={event => {
          setQuery(event.target.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div className="palette-list" role="listbox" id={id} aria-label="Commands">
        {found.map((command, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keys of the list
          <div
            key={command.id}
            id={`${id}-${command.id}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === chosen}
            ref={index === chosen ? element => element?.scrollIntoView?.({ block: 'nearest' }) : undefined}
            onClick={() => run(command)}
          >
            <span>{labelNow(command.id)}</span>
            <KeyCaps hotkeys={command.hotkeys.slice(0, 1)} />
          </div>
        ))}
        {found.length === 0 && <p className="hint">No command of that name.</p>}
      </div>
    </DialogFrame>
  );
}
