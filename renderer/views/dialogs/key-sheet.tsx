import { COMMAND_GROUPS, POINTER_ACTIONS } from '../../../shared/commands.ts';
import { windowCommands } from '../../state/commands/commands.ts';
import { DialogFrame } from '../../ui/dialog.tsx';
import { KeyCaps } from '../../ui/key-caps.tsx';

/** Every key and every action of the pointer. */
export function KeySheet() {
  const commands = windowCommands();
  return (
    <DialogFrame title="Keys" className="keys">
      <div className="key-columns">
        {COMMAND_GROUPS.map(group => (
          <section key={group}>
            <h3>{group}</h3>
            <dl>
              {commands
                .filter(command => command.group === group && command.hotkeys.length > 0)
                .map(command => (
                  <div key={command.id}>
                    <dt>{command.label}</dt>
                    <dd>
                      <KeyCaps hotkeys={command.hotkeys} />
                    </dd>
                  </div>
                ))}
            </dl>
          </section>
        ))}
        <section>
          <h3>Pointer</h3>
          <dl>
            {POINTER_ACTIONS.map(([what, does]) => (
              <div key={what}>
                <dt>{what}</dt>
                <dd className="does">{does}</dd>
              </div>
            ))}
          </dl>
        </section>
      </div>
    </DialogFrame>
  );
}
