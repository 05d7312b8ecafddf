/** The one window. */
import { join } from 'node:path';
import { BrowserWindow, nativeTheme, screen } from 'electron';
import type { StateFile } from '../stored/state-file.ts';
import { APP_PAGE, isAppUrl } from './app-origin.ts';
import { guardContents } from './session-guard.ts';
import { type Bounds, MIN_SIZE, openingBounds } from './window-bounds.ts';

/** The page's own background (renderer/styles/tokens.css), so that nothing flashes before the first drawing. */
export const BACKGROUND_COLORS = { light: '#f4f5f7', dark: '#0e1114' } as const;

/** How the window is made. */
export interface WindowOptions {
  /** Folder of the built program, which holds preload.cjs. */
  readonly folder: string;
  /** Where the window was left; absent where that is not known. */
  readonly bounds?: Bounds | undefined;
  /** Where it is to be remembered; absent where nothing is. */
  readonly boundsFile?: StateFile<Bounds>;
  /** Outer size, which overrides the remembered one. */
  readonly size?: { readonly width: number; readonly height: number };
}

/** The window, loading our page; shown as soon as there is something to see. */
export function createWindow({ folder, bounds, boundsFile, size }: WindowOptions): BrowserWindow {
  const screens = screen.getAllDisplays().map(display => display.workArea);
  const window = new BrowserWindow({
    ...(size ?? openingBounds(bounds, screens)),
    minWidth: MIN_SIZE.width,
    minHeight: MIN_SIZE.height,
    title: 'cowscope',
    show: false,
    backgroundColor: background(),
    webPreferences: {
      preload: join(folder, 'preload.cjs'),
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      webviewTag: false,
      spellcheck: false,
      navigateOnDragDrop: false,
    },
  });
  guardContents(window.webContents);
  // Electron does not ask about a page that goes to about:blank (see preload.ts): should it get there, it comes back.
  window.webContents.on('did-navigate', (_event, address) => {
    if (!isAppUrl(address)) void window.loadURL(APP_PAGE);
  });
  const follow = () => window.setBackgroundColor(background());
  nativeTheme.on('updated', follow);
  window.once('ready-to-show', () => window.show());
  window.once('close', () => boundsFile?.write(window.getNormalBounds()));
  window.once('closed', () => nativeTheme.removeListener('updated', follow));
  void window.loadURL(APP_PAGE);
  return window;
}

function background(): string {
  return nativeTheme.shouldUseDarkColors ? BACKGROUND_COLORS.dark : BACKGROUND_COLORS.light;
}
