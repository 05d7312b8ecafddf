/** Entry of the desktop program: what must be done before Electron is ready, and whether this launch is the first. */
import { join } from 'node:path';
import { app } from 'electron';
import { CowscopeError } from '../shared/error.ts';
import { leaveRemovedFolder } from './chain/absolute-path.ts';
import { setReadingThreads } from './service/reading-threads.ts';
import { becomeFirstInstance, type FirstInstance } from './shell/handover.ts';
import { EXIT_USAGE, type Launch, launchArguments, parseLaunch } from './shell/launch-target.ts';
import { Log } from './shell/log.ts';
import { withoutDefaultMenu } from './shell/menu.ts';
import { printError } from './shell/print-error.ts';
import { Program } from './shell/program.ts';
import { registerAppScheme, serveRenderer } from './shell/window/app-protocol.ts';
import { closeNetwork } from './shell/window/no-network.ts';
import { guardSession } from './shell/window/session-guard.ts';

const log = new Log();
process.on('uncaughtException', report);
process.on('unhandledRejection', report);
void start();

async function start(): Promise<void> {
  setReadingThreads();
  leaveRemovedFolder();
  const launch = readLaunch();
  // What follows, up to the first await, must be done before Electron is ready.
  registerAppScheme();
  withoutDefaultMenu();
  closeNetwork(app);
  app.on('session-created', session => {
    guardSession(session);
    serveRenderer(session, join(__dirname, 'renderer'));
  });
  // Chromium's remarks about the desktop would drown the one line that says what went wrong.
  if (!app.commandLine.hasSwitch('enable-logging')) app.commandLine.appendSwitch('log-level', '3');
  if (launch.screenshot !== undefined) keepProfileApart();
  const program = new Program(launch, __dirname, log);
  const place = launch.screenshot === undefined ? await firstPlace(launch) : 'alone';
  if (place === 'taken') app.exit(0);
  else if (place === 'refused') app.exit(1);
  else {
    if (launch.screenshot === undefined) log.writeTo(app.getPath('logs'));
    program.run(place === 'alone' ? undefined : place);
  }
}

/** What went wrong, for the person on standard error and for the log. */
function report(error: unknown): void {
  log.noteError(error);
  printError(error);
}

function readLaunch(): Launch {
  try {
    return parseLaunch(launchArguments(process.argv, process.defaultApp === true));
  } catch (error) {
    printError(error);
    process.exit(error instanceof CowscopeError && error.code === 'USAGE' ? EXIT_USAGE : 1);
  }
}

/** A picture neither shows nor changes what was opened before, and may be taken while the program runs. */
function keepProfileApart(): void {
  app.setPath('userData', join(app.getPath('userData'), 'pictures'));
  app.disableHardwareAcceleration(); // the same picture on every machine
}

/** The place of the first program, or what became of the launch without it. */
async function firstPlace({ request }: Launch): Promise<FirstInstance | 'taken' | 'refused' | 'alone'> {
  if (process.platform === 'win32') return 'alone'; // Windows has no sockets in folders
  try {
    return (await becomeFirstInstance(join(app.getPath('userData'), 'launches'), request)) ?? 'taken';
  } catch (error) {
    report(error);
    return error instanceof CowscopeError && error.code === 'HANDOVER_FOLDER' ? 'alone' : 'refused';
  }
}
