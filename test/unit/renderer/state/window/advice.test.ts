/** Advice as the window gives it. */
import { expect, it } from 'vitest';
import { adviceInWindow, withoutRepeat } from '../../../../../renderer/state/window/advice.ts';

it('names the button where the window has one for a command', () => {
  expect(adviceInWindow('keep it; `cowscope map --infer` shows what its tables tell')).toBe(
    'keep it; “Infer the layout” shows what its tables tell',
  );
  expect(
    adviceInWindow('whether it can be read: `cowscope check --deep`, or “Check all data” in the window'),
  ).toBe('whether it can be read: “Check all data”');
  expect(adviceInWindow('see `cowscope check --deep`')).toBe('see “Check all data”');
  expect(adviceInWindow('leave --unsafe out: a safe rebase copies the zeros')).toBe(
    'uncheck “unsafe”: a safe rebase copies the zeros',
  );
});

it('leaves what is to be done outside of the window as it is', () => {
  for (const advice of ['', 'copy the file first', 'in a copy, run `qemu-img check -r leaks`'])
    expect(adviceInWindow(advice)).toBe(advice);
});

it('gives what two texts of advice say, and what both say once', () => {
  expect(withoutRepeat('copy the file first', 'Copy the file first.')).toEqual(['Copy the file first.']);
  expect(withoutRepeat('copy `a` first', 'Copy a first. Then look at it.')).toEqual([
    'Copy a first. Then look at it.',
  ]);
  expect(withoutRepeat('copy the file first; do not start the machine', 'copy the file first')).toEqual([
    'copy the file first; do not start the machine',
  ]);
  expect(withoutRepeat('copy the file first', 'look at the base')).toEqual([
    'copy the file first',
    'look at the base',
  ]);
  expect(withoutRepeat('', 'look at the base')).toEqual(['look at the base']);
  expect(withoutRepeat('copy the file first', '')).toEqual(['copy the file first']);
  expect(withoutRepeat('', '')).toEqual([]);
});
