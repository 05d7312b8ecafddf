import { expect, test } from 'vitest';
import { acceleratorOf, isPlain, keyCaps } from '../../../shared/hotkeys.ts';

test('a hotkey is shown as key caps, with the symbols of a Mac on a Mac', () => {
  const palette = { key: 'p', mod: true, shift: true };
  expect(keyCaps(palette, false)).toEqual(['Ctrl', 'Shift', 'P']);
  expect(keyCaps(palette, true)).toEqual(['⌘', '⇧', 'P']);
  expect(keyCaps({ key: 'ArrowLeft', alt: true }, false)).toEqual(['Alt', '←']);
  expect(keyCaps({ code: 'KeyW' }, false)).toEqual(['W']);
  expect(keyCaps({ key: 'F10', shift: true }, false)).toEqual(['Shift', 'F10']);
  expect(keyCaps({ key: '?' }, false)).toEqual(['?']);
});

test('an accelerator is written as Electron reads it', () => {
  expect(acceleratorOf({ key: 'o', mod: true, shift: true })).toBe('CmdOrCtrl+Shift+O');
  expect(acceleratorOf({ key: 'ArrowLeft', alt: true })).toBe('Alt+Left');
  expect(acceleratorOf({ key: '0', mod: true })).toBe('CmdOrCtrl+0');
  expect(acceleratorOf({ key: 'F1' })).toBe('F1');
});

test('keys with Ctrl or Alt are not plain, those with Shift alone are', () => {
  expect(isPlain({ key: 'n', shift: true })).toBe(true);
  expect(isPlain({ key: 'c', mod: true })).toBe(false);
  expect(isPlain({ key: 'ArrowLeft', alt: true })).toBe(false);
});
