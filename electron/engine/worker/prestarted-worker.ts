/** Threads for the engine. A program with a window keeps one started ahead, so that opening a chain does not wait for it. */
import { join } from 'node:path';
import { Worker, type WorkerOptions } from 'node:worker_threads';

/** Given to a prestarted thread: it compiles its code meanwhile (see warm-up.ts). */
export const PRESTART_WARM_UP = 'warmUp';

let prestarted: Worker | undefined;

/** Where the built worker lies: beside the bundle that runs, or where COWSCOPE_ENGINE_WORKER says (tests). */
function workerPath(): string {
  return process.env.COWSCOPE_ENGINE_WORKER ?? join(__dirname, 'engine-worker.cjs');
}

/** Starts a thread ahead, unless there is one already. It does not keep the program alive, and one that fails is forgotten. */
export function keepPrestartedWorker(): void {
  prestarted ??= startAhead({ workerData: PRESTART_WARM_UP });
}

/** As {@link keepPrestartedWorker}, for a chain that comes before the thread could have warmed up. */
export function startWorkerForNext(): void {
  prestarted ??= startAhead({});
}

function startAhead(options: WorkerOptions): Worker {
  const worker = new Worker(workerPath(), options);
  const forget = () => {
    if (prestarted === worker) prestarted = undefined;
  };
  worker.once('error', forget).once('exit', forget).unref();
  return worker;
}

/** A thread that has no chain yet: the prestarted one, else a new one. The caller ends it. */
export function takeWorker(): Worker {
  const worker = prestarted ?? new Worker(workerPath());
  prestarted = undefined;
  worker.ref();
  return worker;
}
