/** What the window remembers by itself: theme and inspector. */
import { getState, type Store, setState, useStore } from '../store.ts';

const KEY = 'cowscope.window';
const THEMES = ['system', 'light', 'dark'] as const;

/** Width of the inspector, in CSS pixels. */
export const INSPECTOR_WIDTH = { least: 260, most: 640, normal: 320 } as const;

type Remembered = Pick<Store, 'theme' | 'inspectorOpen' | 'inspectorWidth'>;

/** Takes over what was remembered and keeps remembering. What is stored is not trusted. */
export function rememberPreferences(): void {
  setState(stored());
  useStore.subscribe((state, before) => {
    const { theme, inspectorOpen, inspectorWidth } = state;
    if (
      theme === before.theme &&
      inspectorOpen === before.inspectorOpen &&
      inspectorWidth === before.inspectorWidth
    )
      return;
    try {
      localStorage.setItem(KEY, JSON.stringify({ theme, inspectorOpen, inspectorWidth }));
    } catch {
      // A profile that cannot be written forgets; nothing else depends on it.
    }
    applyTheme();
  });
  applyTheme();
}

function stored(): Partial<Remembered> {
  let value: unknown;
  try {
    value = JSON.parse(localStorage.getItem(KEY) ?? '{}');
  } catch {
    return {};
  }
  if (typeof value !== 'object' || value === null) return {};
  const given = value as Readonly<Record<string, unknown>>;
  const theme = THEMES.find(name => name === given.theme);
  return {
    ...(theme === undefined ? {} : { theme }),
    ...(typeof given.inspectorOpen === 'boolean' ? { inspectorOpen: given.inspectorOpen } : {}),
    ...(typeof given.inspectorWidth === 'number'
      ? { inspectorWidth: boundedWidth(given.inspectorWidth) }
      : {}),
  };
}

function applyTheme(): void {
  const { theme } = getState();
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

function boundedWidth(width: number): number {
  return Math.min(Math.max(Math.round(width), INSPECTOR_WIDTH.least), INSPECTOR_WIDTH.most);
}

/** Goes on to the next of system, light and dark. */
export function cycleTheme(): void {
  const theme = THEMES[(THEMES.indexOf(getState().theme) + 1) % THEMES.length] ?? 'system';
  setState({ theme, announcement: `Theme: ${theme}` });
}

/** Shows or hides the inspector. */
export function toggleInspector(): void {
  setState({ inspectorOpen: !getState().inspectorOpen });
}

/** Sets the inspector's width, within its limits. */
export function resizeInspector(width: number): void {
  setState({ inspectorWidth: boundedWidth(width) });
}
