/** Preferences that are kept between runs: theme and inspector. */
import * as v from 'valibot';
import { getState, type Store, setState, useStore } from '../store.ts';

const STORAGE_KEY = 'cowscope.window';
const THEMES = ['system', 'light', 'dark'] as const;

/** Width of the inspector. */
export const INSPECTOR_WIDTH_PX = { min: 260, max: 640, normal: 320 } as const;

type Preferences = Pick<Store, 'theme' | 'inspectorOpen' | 'inspectorWidth'>;

/** Takes over the stored preferences and stores every change. The stored text is not trusted. */
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
      localStorage.setItem(STORAGE_KEY, JSON.stringify({ theme, inspectorOpen, inspectorWidth }));
    } catch {
      // Where the profile cannot be written, preferences last until the window closes.
    }
    applyTheme();
  });
  applyTheme();
}

/** What is stored. A field that is missing or not valid has its value of a first start. */
function storedSchema({ theme, inspectorOpen, inspectorWidth }: Preferences) {
  return v.object({
    theme: v.fallback(v.picklist(THEMES), theme),
    inspectorOpen: v.fallback(v.boolean(), inspectorOpen),
    inspectorWidth: v.fallback(v.pipe(v.number(), v.transform(boundedWidth)), inspectorWidth),
  }) satisfies v.GenericSchema<unknown, Preferences>;
}

function stored(): Partial<Preferences> {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? '{}');
    const { success, output } = v.safeParse(storedSchema(getState()), value);
    return success ? output : {};
  } catch {
    return {}; // no JSON, or no storage
  }
}

function applyTheme(): void {
  const { theme } = getState();
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

function boundedWidth(width: number): number {
  return Math.min(Math.max(Math.round(width), INSPECTOR_WIDTH_PX.min), INSPECTOR_WIDTH_PX.max);
}

/** Changes to the next of system, light and dark. */
export function cycleTheme(): void {
  const theme = THEMES[(THEMES.indexOf(getState().theme) + 1) % THEMES.length] ?? 'system';
  setState({ theme, announcement: `Theme: ${theme}` });
}

/** Sets the inspector's width, within its limits. */
export function resizeInspector(width: number): void {
  setState({ inspectorWidth: boundedWidth(width) });
}
