/** Preferences that are kept between runs: theme, inspector, drawer, and whether the guest's partitions are read unasked. */
import * as v from 'valibot';
import {
  decodeState,
  encodeState,
  type StateFormat,
  stateNotice,
} from '../../../shared/stored/stored-state.ts';
import { getState, setState, useStore, type WindowState } from '../store.ts';

const STORAGE_KEY = 'cowscope.window';
/** Where what could not be read is kept. */
const BROKEN_KEY = `${STORAGE_KEY}.broken`;
const THEMES = ['system', 'light', 'dark'] as const;

/** Bounds of a size that is dragged, and what it is at a first start. */
export interface SizeBounds {
  readonly min: number;
  readonly max: number;
  readonly normal: number;
}

/** Width of the inspector. */
export const INSPECTOR_WIDTH_PX: SizeBounds = { min: 260, max: 640, normal: 320 };

/** Height of the drawer. In a low window it is lower than that. */
export const DRAWER_HEIGHT_PX: SizeBounds = { min: 120, max: 800, normal: 240 };

const KEPT = [
  'theme',
  'inspectorOpen',
  'inspectorWidth',
  'drawerOpen',
  'drawerTab',
  'drawerHeight',
  'readsPartitions',
  'partitionsAnswers',
] as const;

type Preferences = Pick<WindowState, (typeof KEPT)[number]>;

/** Longest id of a tab that is taken over. */
const MAX_ID_CHARACTERS = 64;

/** What was answered about one image. */
const ANSWER = v.object({ image: v.string(), reads: v.boolean() });

/**
 * Takes over the stored preferences and stores every change, unless a newer version has stored them. The stored text is
 * not trusted.
 */
export function rememberPreferences(): void {
  const format = preferencesFormat(getState());
  const isOurs = takeOver(format);
  useStore.subscribe((state, before) => {
    if (KEPT.every(name => state[name] === before[name])) return;
    if (isOurs) store(format, state);
    applyTheme();
  });
  applyTheme();
}

/** Takes over what is stored. False where a newer version has stored it. */
function takeOver(format: StateFormat<Preferences>): boolean {
  const text = storedText();
  if (text === null) return true;
  const stored = decodeState(format, text);
  if (stored.kind === 'valid') {
    setState(stored.value);
    if (stored.isOlder) store(format, stored.value);
    return true;
  }
  if (stored.kind === 'broken') {
    put(BROKEN_KEY, text);
    store(format, getState());
  }
  setState({ notices: [...getState().notices, stateNotice('What you set in the window', stored.kind)] });
  return stored.kind === 'broken';
}

function store(format: StateFormat<Preferences>, state: Preferences): void {
  const { theme, inspectorOpen, inspectorWidth, drawerOpen, drawerTab, drawerHeight } = state;
  const { readsPartitions, partitionsAnswers } = state;
  const ofFrame = { theme, inspectorOpen, inspectorWidth, drawerOpen, drawerTab, drawerHeight };
  const kept: Preferences = { ...ofFrame, readsPartitions, partitionsAnswers };
  put(STORAGE_KEY, encodeState(format, kept));
}

/** Where the profile cannot be written, preferences last until the window closes. */
function put(key: string, text: string): void {
  try {
    localStorage.setItem(key, text);
  } catch {
    // said above
  }
}

/** What is stored. A field that is missing or not valid has its value of a first start. */
function preferencesFormat(normal: Preferences): StateFormat<Preferences> {
  const sizeIn = (bounds: SizeBounds) =>
    v.pipe(
      v.number(),
      v.transform(size => bounded(size, bounds)),
    );
  const schema = v.object({
    theme: v.fallback(v.picklist(THEMES), normal.theme),
    inspectorOpen: v.fallback(v.boolean(), normal.inspectorOpen),
    inspectorWidth: v.fallback(sizeIn(INSPECTOR_WIDTH_PX), normal.inspectorWidth),
    drawerOpen: v.fallback(v.boolean(), normal.drawerOpen),
    drawerTab: v.fallback(v.pipe(v.string(), v.maxLength(MAX_ID_CHARACTERS)), normal.drawerTab),
    drawerHeight: v.fallback(sizeIn(DRAWER_HEIGHT_PX), normal.drawerHeight),
    readsPartitions: v.fallback(v.boolean(), normal.readsPartitions),
    partitionsAnswers: v.fallback(v.array(ANSWER), normal.partitionsAnswers),
  });
  return { upgrades: [unnumbered => unnumbered], schema };
}

/** The stored text, null where there is none or no storage. */
function storedText(): string | null {
  try {
    return localStorage.getItem(STORAGE_KEY);
  } catch {
    return null;
  }
}

function applyTheme(): void {
  const { theme } = getState();
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

function bounded(size: number, { min, max }: SizeBounds): number {
  return Math.min(Math.max(Math.round(size), min), max);
}

/** Changes to the next of system, light and dark. */
export function cycleTheme(): void {
  const theme = THEMES[(THEMES.indexOf(getState().theme) + 1) % THEMES.length] ?? 'system';
  setState({ theme, announcement: `Theme: ${theme}` });
}

/** Sets the inspector's width, within its limits. */
export function resizeInspector(width: number): void {
  setState({ inspectorWidth: bounded(width, INSPECTOR_WIDTH_PX) });
}

/** Sets the drawer's height, within its limits. */
export function resizeDrawer(height: number): void {
  setState({ drawerHeight: bounded(height, DRAWER_HEIGHT_PX) });
}
