import { expect, test } from 'vitest';
import { matches } from '../../../../../renderer/state/commands/hotkeys.ts';
import type { Hotkey } from '../../../../../shared/hotkeys.ts';

const press = (key: string, more: Partial<Parameters<typeof matches>[0]> = {}) => ({
  key,
  code: '',
  ctrlKey: false,
  metaKey: false,
  shiftKey: false,
  altKey: false,
  ...more,
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
});
