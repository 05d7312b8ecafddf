/** The program behind the window: one window, one open chain, and what comes from outside of it. Wiring only. */
import { join } from 'node:path';
import { app, type BrowserWindow, nativeTheme } from 'electron';
import { CowscopeError } from '../../shared/error.ts';
import type { IpcPushes, PushName } from '../../shared/ipc/contract.ts';
import type { OpenTarget } from '../../shared/model/target.ts';
import { findDemoChains } from './demo-chains.ts';
import {
  agreesToLink,
  chooseCaptureFile,
  chooseFiles,
  chooseFolders,
  chooseReportFile,
  offerReload,
} from './dialogs.ts';
import type { FirstInstance } from './handover.ts';
import { CaptureController } from './ipc/capture-controller.ts';
import { ChainController } from './ipc/chain-controller.ts';
import { CompareController } from './ipc/compare-controller.ts';
import { type CallHandlers, handleCalls, push } from './ipc/ipc-main.ts';
import { PlanController } from './ipc/plan-controller.ts';
import { ReportController } from './ipc/report-controller.ts';
import { StoreController } from './ipc/store-controller.ts';
import {
  checkRequest,
  type Launch,
  type LaunchRequest,
  linkRequest,
  type OpenRequest,
  type ScreenshotRequest,
  type TargetRequest,
} from './launch-target.ts';
import type { Log } from './log.ts';
import { MenuBar } from './menu.ts';
import {
  diagnostics,
  listNbdExports,
  openChain,
  planWithPicture,
  prepareToOpen,
  scanStore,
  startEngineThread,
} from './on-demand.ts';
import { createPendingTarget } from './pending-target.ts';
import { printError } from './print-error.ts';
import { openRecentTargets, type RecentTargets } from './stored/recent.ts';
import { StateFile } from './stored/state-file.ts';
import { StateNotices } from './stored/state-notices.ts';
import { isAppUrl } from './window/app-origin.ts';
import { IdleTask } from './window/idle-task.ts';
import { createIdleWatch, type IdleWatch } from './window/idle-watch.ts';
import { takeScreenshot } from './window/screenshot.ts';
import { createWindow } from './window/window.ts';
import { BOUNDS_FORMAT, type Bounds } from './window/window-bounds.ts';

/** Milliseconds in which files opened by the desktop one after another belong together. */
const GATHER_FILES_MS = 100;
/** Milliseconds that the children of the open chain have to end when the program does; then they are killed. */
const QUIT_LIMIT_MS = 700;

/** A worker that crashes again within as many milliseconds does so because of the chain. */
const REPEATED_STOP_MS = 60_000;

/** Milliseconds without calls and pushes after which the menu names what was opened: where it is built again, it takes as long as a frame. */
const MENU_IDLE_MS = 1000;

/** Milliseconds between two looks at the files of the open chain, while the window is on the screen. */
const FILE_CHECK_MS = 3000;

/** The running program. `folder` is that of the built files; what happens is noted in `log`. */
export class Program {
  readonly #launch: Launch;
  readonly #folder: string;
  readonly #log: Log;
  readonly #watch: IdleWatch;
  readonly #menu = new MenuBar({
    run: id => this.#push('app:command', { id }),
    open: target => this.#deliverTarget(target),
  });
  readonly #menuUpdate = new IdleTask(
    MENU_IDLE_MS,
    () => this.#watch.stillFor(),
    () => this.#menu.showRecent(this.#recent.list()),
  );
  readonly #arrivals = createPendingTarget(arrival => this.#push('app:arrival', arrival));
  readonly #recent: RecentTargets;
  readonly #controller: ChainController;
  readonly #stores = new StoreController(scanStore);
  readonly #plans = new PlanController({
    plan: planWithPicture,
    opened: sessionId => this.#controller.opened(sessionId),
    stores: () => this.#stores.roots,
  });
  readonly #comparisons = new CompareController({
    openChain,
    session: sessionId => this.#controller.session(sessionId),
    consentGuard: () => this.#controller.consentGuard,
    push: (name, payload) => this.#push(name, payload),
  });
  readonly #reports = new ReportController({
    opened: sessionId => this.#controller.opened(sessionId),
    session: sessionId => this.#controller.session(sessionId),
    plan: planId => this.#plans.find(planId),
    choosePath: async (suggested, format) =>
      this.#window === undefined ? undefined : chooseReportFile(this.#window, suggested, format),
    onProgress: progress => this.#push('report:progress', progress),
  });
  readonly #captures = new CaptureController({
    opened: sessionId => this.#controller.opened(sessionId),
    choosePath: async suggested =>
      this.#window === undefined ? undefined : chooseCaptureFile(this.#window, suggested),
    onProgress: progress => this.#push('capture:progress', progress),
  });
  readonly #boundsFile: StateFile<Bounds>;
  readonly #notices: StateNotices;
  #window: BrowserWindow | undefined;
  /** When the worker of a chain last crashed, on the clock of performance.now. */
  #lastStopMs = Number.NEGATIVE_INFINITY;

  constructor(launch: Launch, folder: string, log: Log) {
    this.#launch = launch;
    this.#folder = folder;
    this.#log = log;
    this.#watch = createIdleWatch(launch.request?.kind === 'target');
    const folderOfState = app.getPath('userData');
    this.#notices = new StateNotices(log);
    this.#recent = openRecentTargets(join(folderOfState, 'recent.json'), this.#notices.tellerOf('recent'));
    this.#boundsFile = new StateFile(join(folderOfState, 'window.json'), BOUNDS_FORMAT);
    this.#controller = new ChainController({
      openChain,
      listNbdExports,
      push: (name, payload) => this.#push(name, payload),
      requestFor: this.#arrivals.requestFor,
      beforeClose: () => this.#comparisons.close(),
      onOpened: request => {
        this.#arrivals.shows(request);
        this.#log.note('opened', { layers: this.#controller.chain?.layers.length ?? 0 });
        if (launch.screenshot !== undefined) return;
        this.#recent.add(request.target);
        this.#menuUpdate.request();
      },
      onClosed: () => this.#arrivals.shows(undefined),
      onStopped: (request, error) => this.#openAgain(request, error),
      onFailed: (_target, error) => {
        this.#log.noteError(error);
        if (launch.screenshot !== undefined) this.#end(error);
      },
    });
    gatherOpenedFiles(files => {
      this.#deliverTarget({ kind: 'files', files });
      if (app.isReady()) this.#focus();
    });
    app.on('open-url', (event, url) => {
      event.preventDefault();
      void app.whenReady().then(() => {
        this.#focus();
        try {
          this.#receive(linkRequest(url));
        } catch (error) {
          this.#log.noteError(error);
          printError(error);
        }
      });
    });
    if (launch.request !== undefined && !isFromLink(launch.request)) this.#arrivals.deliver(launch.request);
  }

  /** Shows the window as soon as Electron is ready. Later launches come by `place`, where there is one. */
  run(place: FirstInstance | undefined): void {
    this.#log.note('started', {
      version: app.getVersion(),
      electron: process.versions.electron ?? '',
      platform: process.platform,
      arch: process.arch,
    });
    app.on('child-process-gone', (_event, { type, reason, exitCode }) =>
      this.#log.note('gone', { process: type, reason, exitCode }),
    );
    app.on('activate', () => this.#focus());
    app.on('window-all-closed', () => {
      if (process.platform !== 'darwin') app.quit();
    });
    quitAfter(() => {
      place?.leave();
      this.#stores.close();
      this.#plans.close();
      void this.#comparisons.close();
      this.#reports.close();
      this.#captures.close();
      return this.#controller.close();
    });
    void app.whenReady().then(() => {
      const { request: launched, screenshot, theme } = this.#launch;
      if (theme !== undefined) nativeTheme.themeSource = theme;
      this.#show();
      if (launched !== undefined && isFromLink(launched)) this.#receive(launched);
      handleCalls(() => this.#window?.webContents, this.#handlers(), this.#watch.onCall);
      app.setAboutPanelOptions({
        applicationName: 'cowscope',
        applicationVersion: app.getVersion(),
        copyright: 'Under the MIT license',
      });
      this.#menu.build(this.#recent.list());
      place?.receive(value => {
        const request = checkRequest(value);
        this.#focus();
        if (request !== undefined) this.#receive(request);
      });
      if (screenshot !== undefined && this.#window !== undefined)
        this.#savePicture(this.#window, screenshot).then(
          () => this.#end(),
          error => this.#end(error),
        );
    });
  }

  /** Hands a target to the window, without consent to anything. */
  #deliverTarget(target: OpenTarget): void {
    const consent = { allow: [], allowAll: false };
    this.#arrivals.deliver({ kind: 'target', target, consent, forceShare: false, allowLocalFiles: false });
  }

  /** Hands a request to the window; what a link names, once the person has agreed to it. */
  #receive(request: LaunchRequest): void {
    const window = this.#window;
    if (!isFromLink(request)) this.#arrivals.deliver(request);
    else if (window !== undefined)
      void agreesToLink(window, request.target).then(agrees => {
        if (agrees) this.#arrivals.deliver(request);
      });
  }

  /** Reopens a chain whose worker has crashed, unless that happened just before: then the window shows the error. */
  #openAgain(request: OpenRequest, error: CowscopeError): void {
    this.#log.noteError(error);
    printError(error);
    const now = performance.now();
    const isRepeated = now - this.#lastStopMs < REPEATED_STOP_MS;
    this.#lastStopMs = now;
    if (!isRepeated) this.#arrivals.deliver({ kind: 'target', ...request });
  }

  #push<P extends PushName>(name: P, payload: IpcPushes[P]): void {
    this.#watch.onPush();
    push(this.#window?.webContents, name, payload);
  }

  #handlers(): CallHandlers {
    return {
      ...this.#controller.handlers,
      ...this.#stores.handlers,
      ...this.#plans.handlers,
      ...this.#comparisons.handlers,
      ...this.#reports.handlers,
      ...this.#captures.handlers,
      'app:state': () => {
        const waited = this.#arrivals.listen();
        return {
          version: app.getVersion(),
          platform: process.platform,
          recent: this.#recent.list(),
          samples: findDemoChains(join(this.#folder, '..', 'examples', 'chains')),
          notices: this.#notices.take(),
          ...(waited === undefined ? {} : { arrival: waited }),
        };
      },
      'app:clearRecent': () => {
        this.#recent.clear();
        this.#menu.showRecent([]);
        return null;
      },
      'app:theme': ({ theme }) => {
        nativeTheme.themeSource = theme === 'system' ? (this.#launch.theme ?? 'system') : theme;
        return null;
      },
      'app:diagnostics': () =>
        diagnostics({
          version: app.getVersion(),
          versions: process.versions,
          env: process.env,
          compositing: app.getGPUFeatureStatus().gpu_compositing,
          log: this.#log.recent,
        }),
      'app:idle': () => null,
      'dialog:openFiles': () => (this.#window === undefined ? [] : chooseFiles(this.#window)),
      'dialog:openFolders': () => (this.#window === undefined ? [] : chooseFolders(this.#window)),
    };
  }

  #show(): void {
    const { screenshot, windowSize } = this.#launch;
    const opened = createWindow({
      folder: this.#folder,
      ...(screenshot === undefined
        ? { bounds: this.#boundsFile.read(this.#notices.tellerOf('window')), boundsFile: this.#boundsFile }
        : {}),
      ...(windowSize === undefined ? {} : { size: windowSize }),
    });
    this.#window = opened;
    // A picture shows the chain, and not what lies under a pointer that happens to be there.
    if (screenshot !== undefined) opened.setIgnoreMouseEvents(true);
    const { webContents } = opened;
    webContents.on('did-start-navigation', details => {
      if (!details.isMainFrame || details.isSameDocument) return; // the first load began before there was a listener
      this.#arrivals.restart();
      void this.#controller.close();
      this.#stores.close();
      this.#plans.close();
      this.#reports.close();
      this.#captures.close();
    });
    webContents.on('did-navigate', (_event, address) => {
      if (isAppUrl(address)) this.#openWaiting();
    });
    opened.once('ready-to-show', () => {
      if (this.#controller.isVacant) void prepareToOpen();
    });
    this.#watchFailures(opened);
    const checks = setInterval(() => {
      if (opened.isVisible() && !opened.isMinimized()) void this.#controller.checkFiles();
    }, FILE_CHECK_MS);
    opened.once('closed', () => {
      clearInterval(checks);
      this.#window = undefined;
      this.#arrivals.restart();
      void this.#controller.close();
    });
  }

  #watchFailures(opened: BrowserWindow): void {
    const { webContents } = opened;
    webContents.on('did-fail-load', (_event, code, what, address, isMainFrame) => {
      if (!isMainFrame) return;
      const why = `The window's page could not be loaded (${what || code})`;
      this.#end(failure('APP_PAGE_MISSING', why, address));
    });
    webContents.on('preload-error', (_event, path, error) => {
      printError(
        failure('APP_PAGE_MISSING', `The window's page could not be connected: ${error.message}`, path),
      );
    });
    webContents.on('render-process-gone', (_event, { reason, exitCode }) => {
      if (reason === 'clean-exit' || opened.isDestroyed()) return;
      this.#log.note('gone', { process: 'renderer', reason, exitCode });
      const gone = failure('APP_RENDERER_GONE', `The window's process ended (${reason})`, '');
      if (this.#launch.screenshot !== undefined) return this.#end(gone);
      printError(gone);
      void offerReload(opened, reason).then(again => (again ? webContents.reload() : opened.close()));
    });
  }

  /** What the renderer will ask for is opened while its scripts run: after it came, so as not to hold it up. */
  #openWaiting(): void {
    const next = this.#arrivals.waiting();
    if (next === undefined) return;
    void startEngineThread(); // which takes longest, so that it starts before what opens the chain is loaded
    this.#controller.openAhead(next.target);
  }

  #focus(): void {
    const window = this.#window;
    if (window === undefined) this.#show();
    else {
      if (window.isMinimized()) window.restore();
      window.focus();
    }
  }

  async #savePicture(window: BrowserWindow, { file, force }: ScreenshotRequest): Promise<void> {
    const { checkOutput, filesOfChain, writeOutput } = await import('../service/output/output-file.ts');
    const shown = () => (this.#controller.chain === undefined ? [] : filesOfChain(this.#controller.chain));
    const request = () => ({ path: file, force, images: [...this.#namedFiles(), ...shown()] });
    await checkOutput(request());
    const picture = await takeScreenshot(
      window,
      { watch: this.#watch, busy: () => this.#controller.isBusy },
      file,
    );
    await writeOutput(request(), picture);
  }

  #namedFiles(): readonly string[] {
    const { request } = this.#launch;
    const target = request?.kind === 'target' ? request.target : undefined;
    return target?.kind === 'files' ? target.files : [];
  }

  #end(error?: unknown): void {
    if (error !== undefined) {
      this.#log.noteError(error);
      printError(error);
    }
    void atMost(QUIT_LIMIT_MS, this.#controller.close()).then(() => app.exit(error === undefined ? 0 : 1));
  }
}

/** True for what a link named, which nothing but the person's word opens. */
function isFromLink(request: LaunchRequest): request is TargetRequest {
  return request.kind === 'target' && request.isLinked === true;
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
    }, GATHER_FILES_MS);
  });
}

/** Quits once `close` is done, so that no child outlives the program. */
function quitAfter(close: () => Promise<void>): void {
  let closed = false;
  app.on('before-quit', event => {
    if (closed) return;
    event.preventDefault();
    void atMost(QUIT_LIMIT_MS, close()).then(() => {
      closed = true;
      app.quit();
    });
  });
}

/** Resolves when the promise does, but no later than after `limitMs`. */
function atMost(limitMs: number, promise: Promise<void>): Promise<void> {
  return Promise.race([promise, new Promise<void>(resolve => setTimeout(resolve, limitMs))]);
}

function failure(code: string, what: string, subject: string): CowscopeError {
  const advice = code === 'APP_PAGE_MISSING' ? 'build the program again' : 'open the image again';
  return new CowscopeError({ code, what, subject, advice });
}
