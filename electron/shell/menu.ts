/** The menu bar as data. Items of the window push the id of one of its commands; the rest are the system's own. */
import { Menu, type MenuItemConstructorOptions } from 'electron';

/** A menu item that runs a command of the window. */
export interface CommandItem {
  readonly label: string;
  /** Id of the command. */
  readonly id: string;
  /** Its keys as shown. Keys without a modifier are not shown: some systems would take them from text fields. */
  readonly keys?: string;
}

/** The window's commands in the menus; the window's own list has them all. */
export const MENUS: Readonly<Record<'file' | 'view' | 'go' | 'help', readonly CommandItem[]>> = {
  file: [
    { label: 'Open Image…', id: 'open', keys: 'CmdOrCtrl+O' },
    { label: 'Connect to NBD…', id: 'connect', keys: 'CmdOrCtrl+Shift+O' },
    { label: 'Show Internal Snapshot…', id: 'snapshot' },
    { label: 'Close the Chain', id: 'close', keys: 'CmdOrCtrl+Shift+W' },
  ],
  view: [
    { label: 'Fit the Whole Disk', id: 'fit', keys: 'CmdOrCtrl+0' },
    { label: 'Zoom In', id: 'zoom-in' },
    { label: 'Zoom Out', id: 'zoom-out' },
    { label: 'Inspector', id: 'inspector' },
    { label: 'Track as a Table', id: 'table' },
    { label: 'Change the Theme', id: 'theme' },
  ],
  go: [
    { label: 'Go to Offset…', id: 'go', keys: 'CmdOrCtrl+G' },
    { label: 'Back', id: 'back', keys: 'Alt+Left' },
    { label: 'Forward', id: 'forward', keys: 'Alt+Right' },
    { label: 'Next Override', id: 'next-override' },
    { label: 'Next Hole that Overrides', id: 'next-hole-override' },
    { label: 'Next Damaged Place', id: 'next-damaged' },
  ],
  help: [
    { label: 'Keys', id: 'help' },
    { label: 'Command Palette…', id: 'palette', keys: 'CmdOrCtrl+Shift+P' },
  ],
};

/** Keeps Electron from building a menu of its own, which would be replaced at once. Must run before the app is ready. */
export function withoutDefaultMenu(): void {
  Menu.setApplicationMenu(null);
}

/** Sets the program's menu bar. `run` gets the id of the chosen command. */
export function setMenu(run: (id: string) => void): void {
  const items = (list: readonly CommandItem[]): MenuItemConstructorOptions[] =>
    list.map(({ label, id, keys }) => ({
      label,
      click: () => run(id),
      // The window takes its keys itself, and not while one of its dialogs is open; here they are only shown.
      ...(keys === undefined ? {} : { accelerator: keys, registerAccelerator: false }),
    }));
  const separator: MenuItemConstructorOptions = { type: 'separator' };
  const mac = process.platform === 'darwin';
  Menu.setApplicationMenu(
    Menu.buildFromTemplate([
      ...(mac ? [{ role: 'appMenu' } as const] : []),
      { label: '&File', submenu: [...items(MENUS.file), separator, { role: mac ? 'close' : 'quit' }] },
      { role: 'editMenu' },
      { label: '&View', submenu: [...items(MENUS.view), separator, { role: 'togglefullscreen' }] },
      { label: '&Go', submenu: items(MENUS.go) },
      { role: 'help', label: '&Help', submenu: items(MENUS.help) },
    ]),
  );
}
