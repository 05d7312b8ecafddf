import { COMMANDS } from '../state/commands/commands.ts';
import { keyCaps } from '../state/commands/hotkeys.ts';
import { Icon, type IconName } from './icon.tsx';
import { isMac } from './platform.ts';

interface ToolButtonProps {
  /** Id of the command it runs; name and key come from there. */
  readonly id: string;
  readonly icon: IconName;
  readonly disabled?: boolean;
  readonly pressed?: boolean;
  readonly label?: string;
}

/** A button of the toolbar that runs a command. */
export function ToolButton({ id, icon, disabled = false, pressed, label }: ToolButtonProps) {
  const command = COMMANDS.find(candidate => candidate.id === id);
  if (command === undefined) return null;
  const hotkey = command.hotkeys[0];
  const name = label ?? command.name;
  return (
    <button
      type="button"
      className="tool"
      aria-label={name}
      title={hotkey === undefined ? name : `${name} (${keyCaps(hotkey, isMac()).join('+')})`}
      disabled={disabled}
      {...(pressed === undefined ? {} : { 'aria-pressed': pressed })}
      onClick={command.run}
    >
      <Icon name={icon} />
    </button>
  );
}
