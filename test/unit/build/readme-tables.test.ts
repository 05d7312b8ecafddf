import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { keyTable, withTables } from '../../../build/readme-tables.mjs';
import { COMMANDS, POINTER_ACTIONS } from '../../../shared/commands.ts';
import { keyCaps } from '../../../shared/hotkeys.ts';

const README = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');

test('the README has the table of keys that node build/readme-tables.mjs writes', () => {
  const made = withTables(README, { commands: COMMANDS, pointerActions: POINTER_ACTIONS, keyCaps });
  expect(README).toBe(made);
});

test('every command that has a key is in the table of keys, those that differ in a word in one row', () => {
  const table = keyTable(
    [
      { label: 'Zoom in', hotkeys: [{ code: 'KeyW' }, { key: '+' }] },
      { label: 'Zoom out', hotkeys: [{ key: '-' }] },
      { label: 'Zoom far', hotkeys: [{ key: 'z' }] },
      { label: 'Without a key', hotkeys: [] },
      { label: 'Fit it', hotkeys: [{ key: '0', mod: true }] },
    ],
    [['Click', 'Select']],
    keyCaps,
  );
  expect(table.split('\n').slice(2)).toEqual([
    '| Select | Click |',
    '| Zoom in, out | `W` `+`, `-` |',
    '| Zoom far | `Z` |',
    '| Fit it | `Ctrl+0` |',
  ]);
});

test('a README without the marks around a table is refused', () => {
  expect(() =>
    withTables('no marks', { commands: COMMANDS, pointerActions: POINTER_ACTIONS, keyCaps }),
  ).toThrow('no marks around the table "keys"');
});
