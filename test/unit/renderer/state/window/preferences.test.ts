import { afterEach, beforeEach, expect, test, vi } from 'vitest';

const KEY = 'cowscope.window';

/** The preferences that a window takes over from the stored text. */
async function takenOver(text: string | undefined): Promise<unknown> {
  vi.resetModules();
  if (text === undefined) localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, text);
  const { getState } = await import('../../../../../renderer/state/store.ts');
  const { rememberPreferences } = await import('../../../../../renderer/state/window/preferences.ts');
  rememberPreferences();
  const { theme, inspectorOpen, inspectorWidth, drawerOpen, drawerTab, drawerHeight } = getState();
  return [theme, inspectorOpen, inspectorWidth, drawerOpen, drawerTab, drawerHeight];
}

beforeEach(() => localStorage.clear());
afterEach(() => localStorage.clear());

const DRAWER = [false, '', 240] as const;
const FIRST_START = ['system', true, 320, ...DRAWER];

test.each([
  [undefined, FIRST_START],
  ['{', FIRST_START],
  ['null', FIRST_START],
  ['7', FIRST_START],
  ['[]', FIRST_START],
  ['{"theme":"dark","inspectorOpen":false,"inspectorWidth":400}', ['dark', false, 400, ...DRAWER]],
  ['{"theme":"blue","inspectorOpen":0,"inspectorWidth":"400"}', FIRST_START],
  ['{"theme":"light","more":1}', ['light', true, 320, ...DRAWER]],
  ['{"inspectorWidth":1e999}', ['system', true, 640, ...DRAWER]],
  ['{"inspectorWidth":-5.5}', ['system', true, 260, ...DRAWER]],
  [
    '{"drawerOpen":true,"drawerTab":"statistics","drawerHeight":300.4}',
    ['system', true, 320, true, 'statistics', 300],
  ],
  ['{"drawerOpen":1,"drawerTab":7,"drawerHeight":9}', ['system', true, 320, false, '', 120]],
])('of the stored text %s what is valid is taken over: %o', async (text, expected) => {
  expect(await takenOver(text)).toEqual(expected);
});
