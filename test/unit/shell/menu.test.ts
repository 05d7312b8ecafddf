import { expect, test, vi } from 'vitest';
import { COMMANDS } from '../../../shared/commands.ts';
import type { OpenTarget } from '../../../shared/model/target.ts';

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
const opened: OpenTarget[] = [];
const recent = [
  { title: 'a & b.qcow2', target: { kind: 'files', files: ['/images/a & b.qcow2'] } },
  { title: 'nbd://host/x', target: { kind: 'nbd', uri: 'nbd://host/x' } },
] as const;
setMenu({ run: id => ids.push(id), open: target => opened.push(target) }, recent);
const menus = built[0]!;
const itemsOf = (menu: Item) => (menu.submenu ?? []).filter(item => item.click !== undefined);
const itemsIn = (title: string) => menus.find(({ label }) => label === title)?.submenu ?? [];

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

test('what was opened before can be opened from the menu, which tells two files of one name apart, and cleared', () => {
  ids.length = 0;
  const items = itemsIn('&File').find(({ label }) => label === 'Open recent')?.submenu ?? [];
  const labels = items.map(({ label }) => label).filter(label => label !== undefined);
  expect(labels).toEqual(['a && b.qcow2 – /images', 'nbd://host/x', 'Clear the list of recent images']);
  for (const item of items) item.click?.();
  expect(opened).toEqual(recent.map(({ target }) => target));
  expect(ids).toEqual(['clear-recent']);
});

test('the help menu says what the program is, and what its colors and words mean', () => {
  const help = itemsIn('&Help').map(({ role, label }) => role ?? label);
  expect(help).toContain('about');
  expect(help).toContain('What the colors and words mean');
});

test('the text can be made larger and smaller, with keys that are not taken by a command', () => {
  const view = menus.find(({ label }) => label === '&View')?.submenu ?? [];
  const scale = view.filter(item => ['zoomIn', 'zoomOut', 'resetZoom'].includes(item.role ?? ''));
  expect(scale.map(({ label }) => label)).toEqual(['Larger text', 'Smaller text', 'Normal text size']);
  expect(scale.map(({ accelerator }) => accelerator)).toEqual([undefined, undefined, 'CmdOrCtrl+Shift+0']);
});
