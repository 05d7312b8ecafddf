import { type Hotkey, keyCaps } from '../../shared/hotkeys.ts';
import { isMac } from './platform.ts';

/** Hotkeys as key caps. */
export function KeyCaps({ hotkeys }: { readonly hotkeys: readonly Hotkey[] }) {
  return hotkeys.map(hotkey => {
    const caps = keyCaps(hotkey, isMac());
    return (
      <span className="key-caps" key={caps.join('+')}>
        {caps.map(cap => (
          <kbd key={cap}>{cap}</kbd>
        ))}
      </span>
    );
  });
}
