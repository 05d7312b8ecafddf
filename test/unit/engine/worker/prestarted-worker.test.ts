/** The thread that is started ahead. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { temporaryFolder } from '../../../support/tools.ts';

const before = process.env.COWSCOPE_ENGINE_WORKER;
let taken: Worker[];

beforeEach(() => {
  taken = [];
  vi.resetModules(); // each test begins with no thread ahead
});

afterEach(async () => {
  process.env.COWSCOPE_ENGINE_WORKER = before ?? '';
  if (before === undefined) delete process.env.COWSCOPE_ENGINE_WORKER;
  await Promise.all(taken.map(worker => worker.terminate()));
});

/** The module, with threads that run this code. */
async function threads(code: string) {
  const path = join(temporaryFolder(), 'worker.cjs');
  writeFileSync(path, code);
  process.env.COWSCOPE_ENGINE_WORKER = path;
  const { keepPrestartedWorker, startWorkerForNext, takeWorker } = await import(
    '../../../../electron/engine/worker/prestarted-worker.ts'
  );
  const take = () => {
    const worker = takeWorker();
    taken.push(worker);
    return worker;
  };
  return { keepPrestartedWorker, startWorkerForNext, take };
}

function answerOf(worker: Worker): Promise<unknown[]> {
  const answer = once(worker, 'message');
  worker.postMessage('asked');
  return answer;
}

const ECHO =
  "const { parentPort: p } = require('node:worker_threads'); p.on('message', m => p.postMessage(m));";

test('the thread started ahead is the next one taken, and only one is', async () => {
  const { keepPrestartedWorker, take } = await threads(ECHO);
  keepPrestartedWorker();
  keepPrestartedWorker();
  const [prestarted, fresh] = [take(), take()];
  expect(fresh.threadId).toBe(prestarted.threadId + 1);
  for (const worker of [prestarted, fresh]) expect(await answerOf(worker)).toEqual(['asked']);
});

test('one that is started for the next chain does not warm up, and is the next one taken', async () => {
  const code =
    "const { parentPort: p, workerData } = require('node:worker_threads'); p.on('message', () => p.postMessage(String(workerData)));";
  const { keepPrestartedWorker, startWorkerForNext, take } = await threads(code);
  startWorkerForNext();
  keepPrestartedWorker();
  expect(await answerOf(take())).toEqual(['undefined']);
  keepPrestartedWorker();
  expect(await answerOf(take())).toEqual(['warmUp']);
});

test('one that fails while it waits is forgotten', async () => {
  const { keepPrestartedWorker, take } = await threads('throw new Error("broken");');
  const started = once(process, 'worker');
  keepPrestartedWorker();
  const [broken] = (await started) as [Worker];
  await new Promise(resolve => broken.once('exit', resolve));
  process.env.COWSCOPE_ENGINE_WORKER = join(temporaryFolder(), 'later.cjs');
  writeFileSync(process.env.COWSCOPE_ENGINE_WORKER, ECHO);
  expect(await answerOf(take())).toEqual(['asked']);
});
