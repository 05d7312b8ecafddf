/** The menu bar, made from the window's commands. Their items push the id of a command; the rest are the system's own. */
import { dirname } from 'node:path';
import { Menu, type MenuItemConstructorOptions } from 'electron';
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

/** Sets the program's menu bar, with the targets that were opened before, newest first. */
export function setMenu({ run, open }: MenuActions, recent: readonly RecentTarget[]): void {
  const separator: MenuItemConstructorOptions = { type: 'separator' };
  const mac = process.platform === 'darwin';
  Menu.setApplicationMenu(
    Menu.buildFromTemplate([
      ...(mac ? [{ role: 'appMenu' } as const] : []),
      {
        label: '&File',
        submenu: [
          ...itemsOf('File', run),
          { label: 'Open recent', enabled: recent.length > 0, submenu: recentItems(recent, { run, open }) },
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
    ]),
  );
}

/** Longest title and folder of a recent target. */
const MAX_LABEL = 80;

function recentItems(
  recent: readonly RecentTarget[],
  { run, open }: MenuActions,
): MenuItemConstructorOptions[] {
  return [
    ...recent.map(({ title, target }) => {
      const folder = target.kind === 'files' ? dirname(target.files.at(-1) ?? '') : '';
      const place = folder === '' ? '' : ` – ${escapeUntrusted(folder, MAX_LABEL)}`;
      // A lone ampersand would underline what follows it.
      const label = `${escapeUntrusted(title, MAX_LABEL)}${place}`.replaceAll('&', '&&');
      return { label, click: () => open(target) };
    }),
    { type: 'separator' },
    { label: commandOf('clear-recent').label, click: () => run('clear-recent') },
  ];
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
