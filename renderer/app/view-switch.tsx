import { keyCaps } from '../../shared/hotkeys.ts';
import { showView } from '../state/views.ts';
import { isMac } from '../ui/platform.ts';
import type { View } from '../ui/view.ts';

interface ViewSwitchProps {
  readonly views: readonly View[];
  readonly shown: View;
}

/** Chooses the view. With only one there is nothing to choose. */
export function ViewSwitch({ views, shown }: ViewSwitchProps) {
  if (views.length < 2) return null;
  return (
    <nav className="tool-group" aria-label="View">
      {views.map(({ id, title, hotkey }) => (
        <button
          key={id}
          type="button"
          title={`${title} (${keyCaps(hotkey, isMac()).join('+')})`}
          aria-pressed={id === shown.id}
          onClick={() => showView(id)}
        >
          {title}
        </button>
      ))}
    </nav>
  );
}
