/** Threads for merge cores. One is started ahead where chains are looked at, so that opening the next need not wait. */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

/** Given to a thread that waits: it compiles its code meanwhile (see warmUp.ts). */
export const PRESTART_WARM_UP = 'warmUp';

let spare: Worker | undefined;

/** Where the built worker lies: beside the bundle that runs, or where COWSCOPE_ENGINE_WORKER says (tests). */
function workerPath(): string {
  return process.env.COWSCOPE_ENGINE_WORKER ?? join(__dirname, 'engine-worker.cjs');
}

/** Starts a thread ahead, unless one waits already. It keeps no program alive, and one that fails is forgotten. */
export function keepSpareWorker(): void {
  if (spare !== undefined) return;
  const worker = new Worker(workerPath(), { workerData: PRESTART_WARM_UP });
  const forget = () => {
    if (spare === worker) spare = undefined;
  };
  worker.once('error', forget).once('exit', forget).unref();
  spare = worker;
}

/** A thread that has no chain yet and is the caller's to end: the one that waits, else a new one. */
export function takeWorker(): Worker {
  const worker = spare ?? new Worker(workerPath());
  spare = undefined;
  worker.ref();
  return worker;
}
