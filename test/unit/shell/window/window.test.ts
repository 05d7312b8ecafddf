import { EventEmitter } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';
import { temporaryFolder } from '../../../support/tools.ts';

type Options = {
  readonly [name: string]: unknown;
  readonly webPreferences: Readonly<Record<string, unknown>>;
};
type OpenHandler = () => { readonly action: string };

class FakeContents extends EventEmitter {
  openHandler: OpenHandler = () => ({ action: 'allow' });
  setWebRTCIPHandlingPolicy = vi.fn();
  setWindowOpenHandler(handler: OpenHandler): void {
    this.openHandler = handler;
  }
}
class FakeWindow extends EventEmitter {
  readonly options: Options;
  readonly webContents = new FakeContents();
  readonly backgrounds: string[] = [];
  shown = false;
  address = '';
  constructor(options: Options) {
    super();
    this.options = options;
    windows.push(this);
  }
  async loadURL(address: string): Promise<void> {
    this.address = address;
  }
  show(): void {
    this.shown = true;
  }
  setBackgroundColor(color: string): void {
    this.backgrounds.push(color);
  }
  getNormalBounds(): unknown {
    return { x: 1, y: 2, width: 700, height: 500 };
  }
}
const windows: FakeWindow[] = [];
const nativeTheme = Object.assign(new EventEmitter(), { shouldUseDarkColors: false });
vi.mock('electron', () => ({
  BrowserWindow: FakeWindow,
  nativeTheme,
  screen: { getAllDisplays: () => [{ workArea: { x: 0, y: 0, width: 1920, height: 1080 } }] },
}));
const { StateFile } = await import('../../../../electron/shell/stored/state-file.ts');
const { BOUNDS_FORMAT } = await import('../../../../electron/shell/window/window-bounds.ts');
const { BACKGROUND_COLORS, createWindow } = await import('../../../../electron/shell/window/window.ts');

function newest(options: Parameters<typeof createWindow>[0]): FakeWindow {
  createWindow(options);
  return windows.at(-1) as FakeWindow;
}

beforeEach(() => {
  nativeTheme.shouldUseDarkColors = false;
});

test('the page is sandboxed, isolated and without Node, and loads only our address', () => {
  const { options, address } = newest({ folder: '/d' });
  expect(options.webPreferences).toMatchObject({
    preload: '/d/preload.cjs',
    sandbox: true,
    contextIsolation: true,
    nodeIntegration: false,
    webviewTag: false,
    spellcheck: false,
    navigateOnDragDrop: false,
  });
  expect(Object.keys(options.webPreferences)).not.toContain('webSecurity');
  expect(address).toBe('app://cowscope/index.html');
});

test('navigation, redirects, embedded pages and new windows are denied', () => {
  const { webContents } = newest({ folder: '/d' });
  for (const name of ['will-navigate', 'will-frame-navigate', 'will-redirect', 'will-attach-webview']) {
    const event = { preventDefault: vi.fn() };
    webContents.emit(name, event);
    expect(event.preventDefault, name).toHaveBeenCalledOnce();
  }
  expect(webContents.openHandler()).toEqual({ action: 'deny' });
});

test('a page that got somewhere else is sent back', () => {
  const window = newest({ folder: '/d' });
  for (const address of ['about:blank', 'https://example.invalid/']) {
    window.address = '';
    window.webContents.emit('did-navigate', {}, address);
    expect(window.address).toBe('app://cowscope/index.html');
  }
  window.address = '';
  window.webContents.emit('did-navigate', {}, 'app://cowscope/index.html');
  expect(window.address).toBe('');
});

test('it opens in the color of its page, is shown when drawn, and follows the theme', () => {
  nativeTheme.shouldUseDarkColors = true;
  const window = newest({ folder: '/d' });
  expect(window.options).toMatchObject({ show: false, backgroundColor: BACKGROUND_COLORS.dark });
  window.emit('ready-to-show');
  expect(window.shown).toBe(true);
  nativeTheme.shouldUseDarkColors = false;
  nativeTheme.emit('updated');
  expect(window.backgrounds).toEqual([BACKGROUND_COLORS.light]);
  window.emit('closed');
  nativeTheme.emit('updated');
  expect(window.backgrounds).toHaveLength(1);
});

test('its place is remembered, unless a size is asked for', () => {
  const path = join(temporaryFolder(), 'window.json');
  const boundsFile = new StateFile(path, BOUNDS_FORMAT);
  const bounds = () => new StateFile(path, BOUNDS_FORMAT).read(() => {});
  newest({ folder: '/d', boundsFile }).emit('close');
  const left = { x: 1, y: 2, width: 700, height: 500 };
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ version: 1, ...left });
  expect(newest({ folder: '/d', bounds: bounds() }).options).toMatchObject(left);
  const sized = newest({ folder: '/d', bounds: bounds(), size: { width: 900, height: 600 } });
  expect(sized.options).toMatchObject({ width: 900, height: 600 });
  expect(sized.options).not.toHaveProperty('x');
  writeFileSync(path, 'spoilt');
  expect(newest({ folder: '/d', bounds: bounds() }).options).toMatchObject({ width: 1280, height: 800 });
});

test('the first color is that of the page', () => {
  const tokens = readFileSync(new URL('../../../../renderer/styles/tokens.css', import.meta.url), 'utf8');
  expect(tokens).toContain(`--bg: light-dark(${BACKGROUND_COLORS.light}, ${BACKGROUND_COLORS.dark});`);
});
