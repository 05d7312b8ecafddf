import { COMMANDS, type Command } from '../../state/commands/commands.ts';
import { DialogFrame } from '../../ui/dialog.tsx';
import { KeyCaps } from '../../ui/key-caps.tsx';

const GROUPS: readonly Command['group'][] = ['Go', 'Select', 'View', 'File', 'Help'];
const POINTER = [
  ['Wheel on a track', 'zoom at the pointer'],
  ['Shift + wheel', 'pan'],
  ['Drag a track', 'pan'],
  ['Drag the axis', 'choose a range (Alt: without snapping)'],
  ['Click', 'select the extent'],
  ['Double click', 'fit the extent'],
  ['Right click', 'the menu of this place'],
] as const;

/** Every key and what the pointer does. */
export function KeySheet() {
  return (
    <DialogFrame title="Keys" className="keys">
      <div className="key-columns">
        {GROUPS.map(group => (
          <section key={group}>
            <h3>{group}</h3>
            <dl>
              {COMMANDS.filter(command => command.group === group && command.hotkeys.length > 0).map(
                command => (
                  <div key={command.id}>
                    <dt>{command.name}</dt>
                    <dd>
                      <KeyCaps hotkeys={command.hotkeys} />
                    </dd>
                  </div>
                ),
              )}
            </dl>
          </section>
        ))}
        <section>
          <h3>Pointer</h3>
          <dl>
            {POINTER.map(([what, does]) => (
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
