import { expect, test } from 'vitest';
import { matchesHotkey } from '../../../../../renderer/state/commands/hotkeys.ts';
import type { Hotkey } from '../../../../../shared/hotkeys.ts';

const press = (key: string, more: Partial<Parameters<typeof matchesHotkey>[0]> = {}) => ({
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
  expect(matchesHotkey(press('z', { code: 'KeyW' }), w, false)).toBe(true);
  expect(matchesHotkey(press('w', { code: 'KeyZ' }), w, false)).toBe(false);
  expect(matchesHotkey(press('?', { shiftKey: true }), { key: '?' }, false)).toBe(true);
  expect(matchesHotkey(press('N', { shiftKey: true }), { key: 'n' }, false)).toBe(false);
  expect(matchesHotkey(press('N', { shiftKey: true }), { key: 'n', shift: true }, false)).toBe(true);
});

test('Mod is Ctrl, on a Mac Cmd', () => {
  const open: Hotkey = { key: 'o', mod: true };
  expect(matchesHotkey(press('o', { ctrlKey: true }), open, false)).toBe(true);
  expect(matchesHotkey(press('o', { metaKey: true }), open, true)).toBe(true);
  expect(matchesHotkey(press('o', { ctrlKey: true }), open, true)).toBe(false);
  expect(matchesHotkey(press('o'), open, false)).toBe(false);
});
