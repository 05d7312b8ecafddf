import { expect, test } from 'vitest';
import { COMMANDS } from '../../../../../renderer/state/commands/commands.ts';
import { fuzzyScore } from '../../../../../renderer/state/commands/fuzzy.ts';
import { type Hotkey, keyCaps, matches } from '../../../../../renderer/state/commands/hotkeys.ts';

const press = (key: string, more: Partial<Parameters<typeof matches>[0]> = {}) => ({
  key,
  code: '',
  ctrlKey: false,
  metaKey: false,
  shiftKey: false,
  altKey: false,
  ...more,
});

test('ids and names are each used once', () => {
  for (const part of ['id', 'name'] as const) {
    const all = COMMANDS.map(command => command[part]);
    expect(new Set(all).size).toBe(all.length);
  }
});

test('the commands of the menu bar are there', () => {
  const ids = COMMANDS.map(({ id }) => id);
  for (const id of ['open', 'connect', 'fit', 'zoom-in', 'zoom-out', 'inspector', 'table', 'go', 'help'])
    expect(ids).toContain(id);
});

test('no key means two things', () => {
  const keys = COMMANDS.flatMap(({ hotkeys }) =>
    hotkeys.map(hotkey => JSON.stringify(keyCaps(hotkey, false))),
  );
  expect(keys.filter((key, i) => keys.indexOf(key) !== i)).toEqual([]);
});

test('physical keys ignore the layout, symbols ignore Shift', () => {
  const w: Hotkey = { code: 'KeyW' };
  expect(matches(press('z', { code: 'KeyW' }), w, false)).toBe(true);
  expect(matches(press('w', { code: 'KeyZ' }), w, false)).toBe(false);
  expect(matches(press('?', { shiftKey: true }), { key: '?' }, false)).toBe(true);
  expect(matches(press('N', { shiftKey: true }), { key: 'n' }, false)).toBe(false);
  expect(matches(press('N', { shiftKey: true }), { key: 'n', shift: true }, false)).toBe(true);
});

test('Mod is Ctrl, on a Mac Cmd', () => {
  const open: Hotkey = { key: 'o', mod: true };
  expect(matches(press('o', { ctrlKey: true }), open, false)).toBe(true);
  expect(matches(press('o', { metaKey: true }), open, true)).toBe(true);
  expect(matches(press('o', { ctrlKey: true }), open, true)).toBe(false);
  expect(matches(press('o'), open, false)).toBe(false);
  expect(keyCaps({ key: 'p', mod: true, shift: true }, false)).toEqual(['Ctrl', 'Shift', 'P']);
});

test('the palette finds words by their beginnings', () => {
  expect(fuzzyScore('zi', 'Zoom in')).toBeGreaterThan(fuzzyScore('zi', 'Size it'));
  expect(fuzzyScore('xyz', 'Zoom in')).toBe(-1);
  expect(fuzzyScore('', 'anything')).toBeGreaterThanOrEqual(0);
});
