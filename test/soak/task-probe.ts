/** How long the tasks of the main process's main thread and of the window's take, as Chromium itself traces them. */
import { readFileSync, rmSync } from 'node:fs';
import type { ElectronApplication } from '@playwright/test';

/** Milliseconds of every task that ended, ascending. */
export interface Tasks {
  /** From its beginning to its end: also while it waited for a core or a file. */
  readonly wall: readonly number[];
  /** On a processor. */
  readonly cpu: readonly number[];
}

/** The tasks of both main threads. Node's own callbacks run inside Chromium's tasks, so that they are among them. */
export interface TracedTasks {
  readonly main: Tasks;
  readonly window: Tasks;
}

/** An event of the trace-event format; durations in microseconds. */
interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  readonly tdur?: number;
  readonly args: { readonly name?: string };
}

const TASK = 'ThreadControllerImpl::RunTask';
/** Room for several minutes. */
const BUFFER_KIB = 400_000;

/** Every task while `use` runs. Throws when the trace stopped before its end. */
export async function traceTasks(app: ElectronApplication, use: () => Promise<void>): Promise<TracedTasks> {
  await app.evaluate(
    ({ contentTracing }, size) =>
      contentTracing.startRecording({
        included_categories: ['toplevel'],
        excluded_categories: ['*'],
        recording_mode: 'record-until-full',
        trace_buffer_size_in_kb: size,
      }),
    BUFFER_KIB,
  );
  const begun = performance.now();
  await use();
  const length = performance.now() - begun;
  const { file, main, window } = await app.evaluate(async ({ contentTracing, BrowserWindow }) => ({
    file: await contentTracing.stopRecording(),
    main: process.pid,
    window: BrowserWindow.getAllWindows()[0]?.webContents.getOSProcessId() ?? -1,
  }));
  try {
    const { traceEvents } = JSON.parse(readFileSync(file, 'utf8')) as { traceEvents: readonly TraceEvent[] };
    return {
      main: tasksOf(traceEvents, main, 'CrBrowserMain', length),
      window: tasksOf(traceEvents, window, 'CrRendererMain', length),
    };
  } finally {
    rmSync(file, { force: true });
  }
}

function tasksOf(events: readonly TraceEvent[], pid: number, thread: string, length: number): Tasks {
  const own = events.filter(event => event.pid === pid);
  const tid = own.find(({ name, args }) => name === 'thread_name' && args.name === thread)?.tid;
  const tasks = own.filter(({ name, ph, tid: of }) => name === TASK && ph === 'X' && of === tid);
  const covered = ((tasks.at(-1)?.ts ?? 0) - (tasks[0]?.ts ?? 0)) / 1000;
  if (covered < length * 0.8) throw new Error(`the trace of ${thread} holds ${covered} of ${length} ms`);
  const sorted = (duration: 'dur' | 'tdur') =>
    tasks.map(task => (task[duration] ?? 0) / 1000).sort((a, b) => a - b);
  return { wall: sorted('dur'), cpu: sorted('tdur') };
}
