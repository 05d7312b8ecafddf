import { expect, test, vi } from 'vitest';
import { COMMANDS } from '../../../shared/commands.ts';

interface Item {
  readonly label?: string;
  readonly role?: string;
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
const { setMenu } = await import('../../../electron/shell/menu.ts');

const ids: string[] = [];
setMenu(id => ids.push(id));
const menus = built[0]!;
const itemsOf = (menu: Item) => (menu.submenu ?? []).filter(item => item.click !== undefined);

test('each command that is in a menu stands once in the menu of its group', () => {
  const shown = menus.flatMap(menu =>
    itemsOf(menu).map(item => `${menu.label?.replace('&', '')}: ${item.label}`),
  );
  const expected = COMMANDS.filter(({ inMenu }) => inMenu).map(({ group, label }) => `${group}: ${label}`);
  expect(shown.sort()).toEqual(expected.sort());
});

test('a chosen item sends the id of its command', () => {
  ids.length = 0;
  for (const item of menus.flatMap(itemsOf)) item.click?.();
  expect(ids.sort()).toEqual(
    COMMANDS.filter(({ inMenu }) => inMenu)
      .map(({ id }) => id)
      .sort(),
  );
});

test('keys with a modifier are shown, and never taken from the window', () => {
  const items = menus.flatMap(itemsOf);
  const keysOf = (label: string) => items.find(item => item.label === label)?.accelerator;
  expect(keysOf('Connect to NBD…')).toBe('CmdOrCtrl+Shift+O');
  expect(keysOf('Fit the whole disk')).toBe('CmdOrCtrl+0');
  expect(keysOf('Back')).toBe('Alt+Left');
  expect(keysOf('Zoom in')).toBeUndefined();
  expect(items.filter(item => item.accelerator !== undefined && item.registerAccelerator !== false)).toEqual(
    [],
  );
});

test('the text can be made larger and smaller, with keys that are not taken by a command', () => {
  const view = menus.find(({ label }) => label === '&View')?.submenu ?? [];
  const scale = view.filter(item => ['zoomIn', 'zoomOut', 'resetZoom'].includes(item.role ?? ''));
  expect(scale.map(({ label }) => label)).toEqual(['Larger text', 'Smaller text', 'Normal text size']);
  expect(scale.map(({ accelerator }) => accelerator)).toEqual([undefined, undefined, 'CmdOrCtrl+Shift+0']);
});
