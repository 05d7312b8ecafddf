/** The menu bar, made from the window's commands. Their items push the id of a command; the rest are the system's own. */
import { dirname } from 'node:path';
import { Menu, MenuItem, type MenuItemConstructorOptions } from 'electron';
import { COMMANDS, type CommandGroup, type CommandId, commandOf } from '../../shared/commands.ts';
import { acceleratorOf, isPlain } from '../../shared/hotkeys.ts';
import type { OpenTarget, RecentTarget } from '../../shared/model/target.ts';
import { escapeUntrusted } from '../../shared/text/untrusted-text.ts';

/** Suppresses Electron's default menu. Call it before the app is ready. */
export function withoutDefaultMenu(): void {
  Menu.setApplicationMenu(null);
}

/** The scale of the whole window, with the keys that browsers have for it. */
const TEXT_SIZES: readonly MenuItemConstructorOptions[] = [
  { role: 'zoomIn', label: 'Larger text' },
  { role: 'zoomOut', label: 'Smaller text' },
  // Ctrl+0 fits the whole disk.
  { role: 'resetZoom', label: 'Normal text size', accelerator: 'CmdOrCtrl+Shift+0' },
  { type: 'separator' },
];

/** What the menu bar does beside what the system does itself. */
export interface MenuActions {
  /** Runs the command of an id. */
  run(id: CommandId): void;
  /** Opens a target that was opened before. */
  open(target: OpenTarget): void;
}

/** The id of the item whose submenu has the targets that were opened before. */
const OPEN_RECENT_ID = 'open-recent';

/** Items of that submenu from which the bar is built again: those that were hidden stay in it. */
const MAX_RECENT_ITEMS = 100;

/** A recent target's item in the menu. */
interface RecentItem {
  readonly key: string;
  readonly item: MenuItem;
}

/** The program's menu bar. */
export class MenuBar {
  readonly #actions: MenuActions;
  #openRecent: MenuItem | undefined;
  /** The visible items of recent targets, from the top. */
  #recentItems: readonly RecentItem[] = [];

  constructor(actions: MenuActions) {
    this.#actions = actions;
  }

  /** Sets the bar, with the targets that were opened before, newest first. */
  build(recent: readonly RecentTarget[]): void {
    const menu = Menu.buildFromTemplate(templateOf(this.#actions, recent));
    Menu.setApplicationMenu(menu);
    this.#openRecent = menu.getMenuItemById(OPEN_RECENT_ID) ?? undefined;
    const items = this.#openRecent?.submenu?.items ?? [];
    this.#recentItems = recent.flatMap(({ target }, i) => {
      const item = items[i];
      return item === undefined ? [] : [{ key: keyOf(target), item }];
    });
  }

  /**
   * Shows another list of recent targets. A target that was opened is put in front of the others in place: a bar that is
   * set again is laid out and painted again, while the chain is being looked at.
   */
  showRecent(recent: readonly RecentTarget[]): void {
    if (!this.#putInFront(recent)) this.build(recent);
  }

  /** True if the list is shown now: what is in the menu, with one target in front that is new or was further down. */
  #putInFront(recent: readonly RecentTarget[]): boolean {
    const [newest] = recent;
    const openRecent = this.#openRecent;
    const submenu = openRecent?.submenu;
    if (process.platform === 'darwin') return false; // which has a copy of the menu that was set
    if (newest === undefined || openRecent === undefined || submenu === undefined) return false;
    if (submenu.items.length >= MAX_RECENT_ITEMS) return false;
    const keys = recent.map(({ target }) => keyOf(target));
    const [key = ''] = keys;
    const kept = this.#recentItems.filter(shown => shown.key !== key).slice(0, recent.length - 1);
    if (kept.length !== recent.length - 1 || kept.some((shown, i) => shown.key !== keys[i + 1])) return false;
    if (this.#recentItems[0]?.key === key && this.#recentItems.length === recent.length) return true;
    const item = new MenuItem(recentItem(newest, this.#actions.open));
    submenu.insert(0, item);
    for (const shown of this.#recentItems) if (!kept.includes(shown)) shown.item.visible = false;
    openRecent.enabled = true;
    this.#recentItems = [{ key, item }, ...kept];
    return true;
  }
}

function keyOf(target: OpenTarget): string {
  return JSON.stringify(target);
}

function templateOf(
  { run, open }: MenuActions,
  recent: readonly RecentTarget[],
): MenuItemConstructorOptions[] {
  const separator: MenuItemConstructorOptions = { type: 'separator' };
  const mac = process.platform === 'darwin';
  return [
    ...(mac ? [{ role: 'appMenu' } as const] : []),
    {
      label: '&File',
      submenu: [
        ...itemsOf('File', run),
        {
          id: OPEN_RECENT_ID,
          label: 'Open recent',
          enabled: recent.length > 0,
          submenu: [
            ...recent.map(entry => recentItem(entry, open)),
            separator,
            { label: commandOf('clear-recent').label, click: () => run('clear-recent') },
          ],
        },
        separator,
        { role: mac ? 'close' : 'quit' },
      ],
    },
    { role: 'editMenu' },
    {
      label: '&View',
      submenu: [...itemsOf('View', run), separator, ...TEXT_SIZES, { role: 'togglefullscreen' }],
    },
    { label: '&Go', submenu: itemsOf('Go', run) },
    {
      role: 'help',
      label: '&Help',
      submenu: [
        ...itemsOf('Help', run),
        // Where there is no menu of the program itself.
        ...(mac ? [] : [separator, { role: 'about', label: 'About cowscope' } as const]),
      ],
    },
  ];
}

/** Longest title and folder of a recent target. */
const MAX_LABEL_CHARACTERS = 80;

function recentItem({ title, target }: RecentTarget, open: MenuActions['open']): MenuItemConstructorOptions {
  const folder = target.kind === 'files' ? dirname(target.files.at(-1) ?? '') : '';
  const place = folder === '' ? '' : ` – ${escapeUntrusted(folder, MAX_LABEL_CHARACTERS)}`;
  // A lone ampersand would underline what follows it.
  const label = `${escapeUntrusted(title, MAX_LABEL_CHARACTERS)}${place}`.replaceAll('&', '&&');
  return { label, click: () => open(target) };
}

function itemsOf(group: CommandGroup, run: (id: CommandId) => void): MenuItemConstructorOptions[] {
  return COMMANDS.filter(command => command.inMenu && command.group === group).map(
    ({ id, label, hotkeys }) => {
      // Keys without a modifier are not shown: some systems would take them from text fields.
      const hotkey = hotkeys.find(candidate => !isPlain(candidate));
      return {
        label,
        click: () => run(id),
        // The window takes its keys itself, and not while one of its dialogs is open; here they are only shown.
        ...(hotkey === undefined ? {} : { accelerator: acceleratorOf(hotkey), registerAccelerator: false }),
      };
    },
  );
}
