import { expect, test, vi } from 'vitest';
import { COMMANDS } from '../../../shared/commands.ts';
import type { OpenTarget } from '../../../shared/model/target.ts';

interface Item {
  readonly id?: string;
  readonly label?: string;
  readonly role?: string;
  readonly accelerator?: string;
  readonly registerAccelerator?: boolean;
  enabled?: boolean;
  visible?: boolean;
  readonly submenu?: readonly Item[];
  readonly click?: () => void;
}

/** A submenu as Electron makes one from a template. */
class Submenu {
  readonly items: Item[];
  constructor(items: readonly Item[]) {
    this.items = items.map(item => ({ ...item }));
  }
  insert(at: number, item: Item): void {
    this.items.splice(at, 0, item);
  }
}
/** The templates of the bars that were set, and what "Open recent" is in the last one. */
const built: Item[][] = [];
let openRecent: { enabled?: boolean; readonly submenu: Submenu };

vi.mock('electron', () => ({
  Menu: {
    buildFromTemplate: (template: Item[]) => {
      built.push(template);
      const found = template
        .flatMap(({ submenu }) => submenu ?? [])
        .find(({ label }) => label === 'Open recent')!;
      openRecent = { enabled: found.enabled === true, submenu: new Submenu(found.submenu ?? []) };
      return { getMenuItemById: (id: string) => (id === found.id ? openRecent : null) };
    },
    setApplicationMenu: () => {},
  },
  MenuItem: class {
    constructor(item: Item) {
      Object.assign(this, item);
    }
  },
}));
const { MenuBar } = await import('../../../electron/shell/menu.ts');

const ids: string[] = [];
const opened: OpenTarget[] = [];
const recent = [
  { title: 'a & b.qcow2', target: { kind: 'files', files: ['/images/a & b.qcow2'] } },
  { title: 'nbd://host/x', target: { kind: 'nbd', uri: 'nbd://host/x' } },
] as const;
const actions = {
  run: (id: string) => void ids.push(id),
  open: (target: OpenTarget) => void opened.push(target),
};
new MenuBar(actions).build(recent);
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

/** The labels in "Open recent" that a person sees. */
function visibleLabels(): (string | undefined)[] {
  const shown = openRecent.submenu.items.filter(
    ({ visible, label }) => visible !== false && label !== undefined,
  );
  return shown.map(({ label }) => label);
}

const target = (name: string) => ({
  title: name,
  target: { kind: 'files', files: [`/images/${name}`] } as const,
});
const [a, b, c] = [target('a'), target('b'), target('c')];
const CLEAR = 'Clear the list of recent images';
const onLinux = { ...process, platform: 'linux' };

test('a target that was opened is put in front of the others, and the bar is not set again', () => {
  vi.stubGlobal('process', onLinux);
  const bar = new MenuBar(actions);
  bar.build([]);
  const bars = built.length;
  expect([openRecent.enabled, visibleLabels()]).toEqual([false, [CLEAR]]);
  bar.showRecent([a]);
  expect([openRecent.enabled, visibleLabels()]).toEqual([true, ['a – /images', CLEAR]]);
  bar.showRecent([b, a]);
  bar.showRecent([b, a]);
  expect(visibleLabels()).toEqual(['b – /images', 'a – /images', CLEAR]);
  bar.showRecent([a, b]);
  expect(visibleLabels()).toEqual(['a – /images', 'b – /images', CLEAR]);
  bar.showRecent([c, a]); // the list is full: the last one falls off
  expect(visibleLabels()).toEqual(['c – /images', 'a – /images', CLEAR]);
  expect(built).toHaveLength(bars);
  opened.length = 0;
  openRecent.submenu.items[0]?.click?.();
  expect(opened).toEqual([c.target]);
  vi.unstubAllGlobals();
});

test('any other list is shown by a bar that is set again, and so is every list on macOS', () => {
  vi.stubGlobal('process', onLinux);
  const bar = new MenuBar(actions);
  bar.build([a, b]);
  const bars = built.length;
  bar.showRecent([]);
  expect([built.length, openRecent.enabled, visibleLabels()]).toEqual([bars + 1, false, [CLEAR]]);
  bar.showRecent([b, c]);
  expect([built.length, visibleLabels()]).toEqual([bars + 2, ['b – /images', 'c – /images', CLEAR]]);
  vi.stubGlobal('process', { ...process, platform: 'darwin' });
  bar.showRecent([a, b, c]);
  expect(built).toHaveLength(bars + 3);
  vi.unstubAllGlobals();
});

test('what was hidden in the menu is dropped when there is much of it', () => {
  vi.stubGlobal('process', onLinux);
  const bar = new MenuBar(actions);
  bar.build([a, b]);
  const bars = built.length;
  for (let i = 0; i < 150; i++) bar.showRecent(i % 2 === 0 ? [b, a] : [a, b]);
  expect(built.length).toBe(bars + 1);
  expect(openRecent.submenu.items.length).toBeLessThan(100);
  expect(visibleLabels()).toEqual(['a – /images', 'b – /images', CLEAR]);
  vi.unstubAllGlobals();
});
