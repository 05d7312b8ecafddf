import { expect, test } from 'vitest';
import { COMMAND_GROUPS, COMMANDS, commandOf, isCommandId } from '../../../shared/commands.ts';
import { keyCaps } from '../../../shared/hotkeys.ts';

const repeated = (list: readonly string[]) => list.filter((item, i) => list.indexOf(item) !== i);

test('no two commands share an id or a label', () => {
  expect(repeated(COMMANDS.map(({ id }) => id))).toEqual([]);
  expect(repeated(COMMANDS.map(({ label }) => label))).toEqual([]);
});

test('no hotkey runs two commands', () => {
  const keys = COMMANDS.flatMap(({ hotkeys }) => hotkeys.map(hotkey => keyCaps(hotkey, false).join('+')));
  expect(repeated(keys)).toEqual([]);
});

test('commands come in the order of their groups, each with the group it stands in', () => {
  expect([...new Set(COMMANDS.map(({ group }) => group))]).toEqual(COMMAND_GROUPS);
  expect(commandOf('zoom-in')).toMatchObject({ group: 'View', label: 'Zoom in', inMenu: true });
});

test('a command without keys has an empty list of them', () => {
  expect(commandOf('cancel').hotkeys).toEqual([]);
});

test('isCommandId tells ids from other texts', () => {
  expect(isCommandId('open')).toBe(true);
  for (const text of ['', 'Open', 'toString', '__proto__']) expect(isCommandId(text)).toBe(false);
});
