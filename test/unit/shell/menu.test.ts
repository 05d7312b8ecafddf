import { expect, test, vi } from 'vitest';
import { COMMANDS } from '../../../renderer/state/commands/commands.ts';
import { keyCaps } from '../../../renderer/state/commands/hotkeys.ts';

interface Item {
  readonly label?: string;
  readonly accelerator?: string;
  readonly registerAccelerator?: boolean;
  readonly submenu?: readonly Item[];
  readonly click?: () => void;
}
const built: Item[][] = [];
vi.mock('electron', () => ({
  Menu: {
    buildFromTemplate: (template: Item[]) => built.push(template),
    setApplicationMenu: () => {},
  },
}));
const { MENUS, setMenu } = await import('../../../electron/shell/menu.ts');
const items = Object.values(MENUS).flat();

test('every item runs a command that the window has, with the keys it has there', () => {
  for (const { id, keys } of items) {
    const command = COMMANDS.find(candidate => candidate.id === id);
    expect(command, id).toBeDefined();
    if (keys === undefined) continue;
    const shown = keys.replace('CmdOrCtrl', 'Ctrl').replace('Left', '←').replace('Right', '→').split('+');
    const theirs = command?.hotkeys.map(hotkey => [...keyCaps(hotkey, false)].sort());
    expect(theirs, id).toContainEqual(shown.sort());
  }
});

test('a chosen item says its command, and leaves the keys to the window', () => {
  const ids: string[] = [];
  setMenu(id => ids.push(id));
  const entries =
    built[0]?.flatMap(menu => menu.submenu ?? []).filter(item => item.click !== undefined) ?? [];
  for (const entry of entries) entry.click?.();
  expect(ids.sort()).toEqual(items.map(item => item.id).sort());
  expect(
    entries.filter(entry => entry.accelerator !== undefined && entry.registerAccelerator !== false),
  ).toEqual([]);
});
