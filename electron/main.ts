/** The desktop program: one window, one open chain. Wiring only; each part has a file of its own in shell/. */
import { join } from 'node:path';
import { app, type BrowserWindow, nativeTheme, session } from 'electron';
import { CowscopeError } from '../shared/error.ts';
import type { IpcPushes, PushName } from '../shared/ipc/contract.ts';
import { leaveRemovedFolder } from './chain/absolute-path.ts';
import { openChain, prepareToOpen } from './service/chain-session.ts';
import { listNbdExports } from './service/nbd-exports.ts';
import { findSamples } from './shell/demo-chains.ts';
import { chooseFiles, offerReload } from './shell/dialogs.ts';
import { ChainController } from './shell/ipc/chain-controller.ts';
import { handleCalls, push } from './shell/ipc/ipc-main.ts';
import { checkRequest, EXIT_USAGE, type Launch, launchWords, parseLaunch } from './shell/launch-target.ts';
import { setMenu, withoutDefaultMenu } from './shell/menu.ts';
import { inbox } from './shell/pending-target.ts';
import { complain } from './shell/print-error.ts';
import { recentList } from './shell/recent.ts';
import { registerAppScheme, serveRenderer } from './shell/window/app-protocol.ts';
import { createIdleWatch } from './shell/window/idle-watch.ts';
import { saveScreenshot } from './shell/window/screenshot.ts';
import { guardSession } from './shell/window/session-guard.ts';
import { createWindow } from './shell/window/window.ts';

/** Milliseconds in which files opened by the desktop one after another belong together. */
const TOGETHER = 100;

process.on('uncaughtException', complain);
process.on('unhandledRejection', complain);
start();

function start(): void {
  leaveRemovedFolder();
  let launch: Launch;
  try {
    launch = parseLaunch(launchWords(process.argv, process.defaultApp === true));
  } catch (error) {
    complain(error);
    process.exit(EXIT_USAGE);
  }
  registerAppScheme();
  withoutDefaultMenu();
  // Chromium's remarks about the desktop would drown the one line that says what went wrong.
  if (!app.commandLine.hasSwitch('enable-logging')) app.commandLine.appendSwitch('log-level', '3');
  if (launch.screenshot !== undefined) keepProfileApart();
  else if (!app.requestSingleInstanceLock({ open: launch.open })) {
    app.quit();
    return;
  }
  run(launch);
}

/** A picture neither shows nor changes what was opened before, and may be taken while the program runs. */
function keepProfileApart(): void {
  app.setPath('userData', join(app.getPath('userData'), 'pictures'));
  app.disableHardwareAcceleration(); // the same picture on every machine
}

function run(launch: Launch): void {
  let window: BrowserWindow | undefined;
  const watch = createIdleWatch(launch.open !== undefined);
  const toWindow = <P extends PushName>(name: P, payload: IpcPushes[P]) => {
    watch.onPush();
    push(window?.webContents, name, payload);
  };
  const arrivals = inbox(target => toWindow('app:open', { target }));
  const recent = recentList(join(app.getPath('userData'), 'recent.json'));
  const controller = new ChainController({
    openChain,
    listNbdExports,
    push: toWindow,
    requestFor: arrivals.requestFor,
    onOpened: request => {
      arrivals.shows(request);
      if (launch.screenshot === undefined) recent.add(request.target);
    },
    onClosed: () => arrivals.shows(undefined),
    onFailed: (_target, error) => {
      if (launch.screenshot !== undefined) end(error);
    },
  });

  const end = (error?: unknown) => {
    if (error !== undefined) complain(error);
    void controller.close().then(() => app.exit(error === undefined ? 0 : 1));
  };

  /** What the page will ask for is opened while it loads: after it was sent for, so as not to hold it up. */
  const openWaiting = () => {
    const next = arrivals.waiting();
    if (next !== undefined) controller.openAhead(next.target);
  };

  const show = () => {
    const opened = createWindow({
      folder: __dirname,
      ...(launch.screenshot === undefined
        ? { boundsFile: join(app.getPath('userData'), 'window.json') }
        : {}),
      ...(launch.windowSize === undefined ? {} : { size: launch.windowSize }),
    });
    window = opened;
    const { webContents } = opened;
    webContents.on('did-start-navigation', details => {
      if (!details.isMainFrame || details.isSameDocument) return; // the first load began before anybody listened
      arrivals.restart();
      void controller.close();
      openWaiting();
    });
    opened.once('ready-to-show', () => {
      if (controller.isVacant) prepareToOpen();
    });
    webContents.on('did-fail-load', (_event, code, what, address, isMainFrame) => {
      if (!isMainFrame) return;
      end(failure('APP_PAGE_MISSING', `The window's page could not be loaded (${what || code})`, address));
    });
    webContents.on('preload-error', (_event, path, error) => {
      complain(
        failure('APP_PAGE_MISSING', `The window's page could not be connected: ${error.message}`, path),
      );
    });
    webContents.on('render-process-gone', (_event, { reason }) => {
      if (reason === 'clean-exit' || opened.isDestroyed()) return;
      const gone = failure('APP_RENDERER_GONE', `The window's process ended (${reason})`, '');
      if (launch.screenshot !== undefined) return end(gone);
      complain(gone);
      void offerReload(opened, reason).then(again => (again ? webContents.reload() : opened.close()));
    });
    opened.once('closed', () => {
      window = undefined;
      arrivals.restart();
      void controller.close();
    });
    openWaiting();
  };

  const focus = () => {
    if (window === undefined) return show();
    if (window.isMinimized()) window.restore();
    window.focus();
  };

  app.on('second-instance', (_event, _argv, _folder, given) => {
    const request = checkRequest((given as { readonly open?: unknown } | undefined)?.open);
    focus();
    if (request !== undefined) arrivals.deliver(request);
  });
  gatherOpenedFiles(files => {
    arrivals.deliver({
      target: { kind: 'files', files },
      consent: { allow: [], allowAll: false },
      forceShare: false,
      allowLocalFiles: false,
    });
    if (app.isReady()) focus();
  });
  app.on('activate', focus);
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit();
  });
  quitAfter(() => controller.close());
  if (launch.open !== undefined) arrivals.deliver(launch.open);

  void app.whenReady().then(() => {
    if (launch.theme !== undefined) nativeTheme.themeSource = launch.theme;
    guardSession(session.defaultSession);
    serveRenderer(session.defaultSession, join(__dirname, 'renderer'));
    show();
    handleCalls(
      () => window?.webContents,
      {
        ...controller.handlers,
        'app:state': () => {
          const waited = arrivals.listen();
          return {
            version: app.getVersion(),
            platform: process.platform,
            recent: recent.list(),
            samples: findSamples(join(__dirname, '..', 'examples', 'chains')),
            ...(waited === undefined ? {} : { open: waited }),
          };
        },
        'app:clearRecent': () => {
          recent.clear();
          return null;
        },
        'app:idle': () => null,
        'dialog:openFiles': () => (window === undefined ? [] : chooseFiles(window)),
      },
      watch.onCall,
    );
    setMenu(id => toWindow('app:command', { id }));
    if (launch.screenshot !== undefined && window !== undefined) {
      saveScreenshot(window, launch.screenshot, watch, () => controller.isBusy).then(() => end(), end);
    }
  });
}

/** On macOS files come one by one, also before the program is ready. */
function gatherOpenedFiles(open: (files: readonly string[]) => void): void {
  let files: string[] = [];
  app.on('open-file', (event, path) => {
    event.preventDefault();
    if (files.push(path) > 1) return;
    setTimeout(() => {
      open(files);
      files = [];
    }, TOGETHER);
  });
}

/** Quits once `close` is done, so that no child outlives the program. */
function quitAfter(close: () => Promise<void>): void {
  let closed = false;
  app.on('before-quit', event => {
    if (closed) return;
    event.preventDefault();
    void close().then(() => {
      closed = true;
      app.quit();
    });
  });
}

function failure(code: string, what: string, subject: string): CowscopeError {
  const advice = code === 'APP_PAGE_MISSING' ? 'build the program again' : 'open the image again';
  return new CowscopeError({ code, what, subject, advice });
}
