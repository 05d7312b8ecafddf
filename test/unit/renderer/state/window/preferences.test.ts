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

/** Takes the stored text over, changes the theme to dark, and returns the notices of the window and what is stored then. */
async function afterChange(text: string) {
  await takenOver(text);
  const { getState, setState } = await import('../../../../../renderer/state/store.ts');
  setState({ theme: 'dark' });
  const { notices } = getState();
  return { notices, stored: localStorage.getItem(KEY), broken: localStorage.getItem(`${KEY}.broken`) };
}

test('answers about the partitions of images are taken over and stored, and anything else in their place is not', async () => {
  const answersOf = async (stored: unknown) => {
    await takenOver(JSON.stringify({ version: 1, partitionsAnswers: stored }));
    const { getState, setState } = await import('../../../../../renderer/state/store.ts');
    setState({ theme: 'dark' });
    expect(JSON.parse(localStorage.getItem(KEY) ?? '').partitionsAnswers).toEqual(
      getState().partitionsAnswers,
    );
    return getState().partitionsAnswers;
  };
  const answers = [{ image: '/images/top.qcow2', reads: false }];
  expect(await answersOf(answers)).toEqual(answers);
  for (const other of [7, 'x', [7], [{ image: 1, reads: true }], [{ image: '/a' }]])
    expect(await answersOf(other)).toEqual([]);
});

test('preferences without a version are stored with one at once', async () => {
  await takenOver('{"theme":"light","drawerOpen":true}');
  const stored = JSON.parse(localStorage.getItem(KEY) ?? '');
  expect(stored).toMatchObject({ version: 1, theme: 'light', drawerOpen: true });
  expect(await takenOver(JSON.stringify(stored))).toEqual(['light', true, 320, true, '', 240]);
});

test('preferences of a newer version stay as they are, which is said', async () => {
  const newer = '{"version":2,"colors":"dark"}';
  const { notices, stored, broken } = await afterChange(newer);
  expect(stored).toBe(newer);
  expect(broken).toBeNull();
  expect(notices).toEqual([
    'What you set in the window was stored by a newer version of cowscope. It is left as it is, and changes are not stored.',
  ]);
});

test('preferences that cannot be read are kept under another name, which is said once', async () => {
  const { notices, stored, broken } = await afterChange('{"theme":');
  expect(notices).toHaveLength(1);
  expect(broken).toBe('{"theme":');
  expect(JSON.parse(stored ?? '')).toMatchObject({ version: 1, theme: 'dark' });
  expect((await afterChange(stored ?? '')).notices).toEqual([]);
});
