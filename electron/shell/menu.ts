/** The menu bar, made from the window's commands. Their items push the id of a command; the rest are the system's own. */
import { Menu, type MenuItemConstructorOptions } from 'electron';
import { COMMANDS, type CommandGroup, type CommandId } from '../../shared/commands.ts';
import { acceleratorOf, isPlain } from '../../shared/hotkeys.ts';

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

/** Sets the program's menu bar. `run` gets the id of the chosen command. */
export function setMenu(run: (id: CommandId) => void): void {
  const separator: MenuItemConstructorOptions = { type: 'separator' };
  const mac = process.platform === 'darwin';
  Menu.setApplicationMenu(
    Menu.buildFromTemplate([
      ...(mac ? [{ role: 'appMenu' } as const] : []),
      { label: '&File', submenu: [...itemsOf('File', run), separator, { role: mac ? 'close' : 'quit' }] },
      { role: 'editMenu' },
      {
        label: '&View',
        submenu: [...itemsOf('View', run), separator, ...TEXT_SIZES, { role: 'togglefullscreen' }],
      },
      { label: '&Go', submenu: itemsOf('Go', run) },
      { role: 'help', label: '&Help', submenu: itemsOf('Help', run) },
    ]),
  );
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
