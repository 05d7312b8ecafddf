import { type CommandId, commandOf } from '../../shared/commands.ts';
import { keyCaps } from '../../shared/hotkeys.ts';
import { runCommand } from '../state/commands/commands.ts';
import { Icon, type IconName } from './icon.tsx';
import { isMac } from './platform.ts';

interface ToolButtonProps {
  /** The command it runs; name and key come from there. */
  readonly id: CommandId;
  readonly icon: IconName;
  readonly disabled?: boolean;
  readonly pressed?: boolean;
  readonly label?: string;
}

/** A button of the toolbar that runs a command. */
export function ToolButton({ id, icon, disabled = false, pressed, label }: ToolButtonProps) {
  const command = commandOf(id);
  const [hotkey] = command.hotkeys;
  const name = label ?? command.label;
  return (
    <button
      type="button"
      className="tool"
      aria-label={name}
      title={hotkey === undefined ? name : `${name} (${keyCaps(hotkey, isMac()).join('+')})`}
      disabled={disabled}
      {...(pressed === undefined ? {} : { 'aria-pressed': pressed })}
      onClick={() => runCommand(id)}
    >
      <Icon name={icon} />
    </button>
  );
}
