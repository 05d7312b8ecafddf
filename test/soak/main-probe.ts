/** What can be learned of the main process and its workers from outside, with nothing in the program made for it. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ElectronApplication } from '@playwright/test';

const WORKER_PROBE = fileURLToPath(new URL('worker-probe.cjs', import.meta.url));

/** Memory of one thread after a forced collection, in bytes. */
export interface ThreadMemory {
  readonly heapUsed: number;
  readonly arrayBuffers: number;
}

/** What the main process holds. */
export interface MainState {
  /** Resident memory of the whole process, with its workers. */
  readonly rss: number;
  readonly main: ThreadMemory;
  /** One for each worker thread that lives. */
  readonly workers: readonly ThreadMemory[];
  /** Handles and requests that keep the loop alive, by kind. */
  readonly resources: Readonly<Record<string, number>>;
  /** Listeners on the program's own emitters. */
  readonly listeners: number;
  /** Open file descriptors. */
  readonly descriptors: number;
  /** Processes below it that are not Electron's own. */
  readonly children: readonly string[];
}

/** Watches the main thread from now on, and gives every worker started from now on a probe. */
export async function installMainProbe(app: ElectronApplication): Promise<void> {
  await app.evaluate((_, probe) => {
    const threads = process.getBuiltinModule('node:worker_threads');
    const { Worker } = threads;
    class Probed extends Worker {
      constructor(path: string | URL, options: import('node:worker_threads').WorkerOptions = {}) {
        super(path, { ...options, execArgv: [...process.execArgv, '--require', probe] });
      }
    }
    Object.assign(threads, { Worker: Probed });
    process.getBuiltinModule('node:v8').setFlagsFromString('--expose-gc');
    const collect = process.getBuiltinModule('node:vm').runInNewContext('gc');

    // A timer every 2 ms. What the thread did between two of them is at most what its processor time grew by: waiting
    // for a core that others use does not count.
    const busy: number[] = [];
    const { readFileSync: read } = process.getBuiltinModule('node:fs');
    const cpu = () =>
      Number.parseInt(read(`/proc/${process.pid}/task/${process.pid}/schedstat`, 'utf8'), 10) / 1e6;
    let before = cpu();
    const tick = () => {
      const now = cpu();
      busy.push(now - before);
      before = now;
      setTimeout(tick, 2);
    };
    setTimeout(tick, 2);
    Object.assign(globalThis, { soakProbe: { busy, collect } });
  }, WORKER_PROBE);
}

/** Milliseconds that the main thread worked at a stretch, at most, since the last call; ascending. */
export async function takeBusy(app: ElectronApplication): Promise<readonly number[]> {
  const busy = await app.evaluate(() =>
    (globalThis as unknown as { soakProbe: { busy: number[] } }).soakProbe.busy.splice(0),
  );
  return busy.sort((a, b) => a - b);
}

/** What is held after a forced collection in every thread. */
export async function mainState(app: ElectronApplication): Promise<MainState> {
  const state = await app.evaluate(async ({ ipcMain, app: electronApp }) => {
    const { collect } = (globalThis as unknown as { soakProbe: { collect: () => void } }).soakProbe;
    const { BroadcastChannel } = process.getBuiltinModule('node:worker_threads');
    const workers: ThreadMemory[] = [];
    const channel = new BroadcastChannel('cowscope-soak');
    channel.onmessage = (event: unknown) => workers.push((event as { data: ThreadMemory }).data);
    channel.postMessage('memory');
    await new Promise(resolve => setTimeout(resolve, 1500));
    channel.close();
    collect();
    await new Promise(resolve => setTimeout(resolve, 100));
    collect();
    const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
    const resources: Record<string, number> = {};
    for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
    const listeners = [ipcMain, electronApp, process].reduce(
      (sum, emitter) =>
        sum +
        emitter.eventNames().reduce((count, name) => count + emitter.listenerCount(name as 'message'), 0),
      0,
    );
    return { rss, main: { heapUsed, arrayBuffers }, workers, resources, listeners, pid: process.pid };
  });
  const { pid, ...rest } = state;
  return {
    ...rest,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    children: childrenOf(pid).filter(name => name.startsWith('qemu')),
  };
}

/** Names of all processes below `pid`. */
function childrenOf(pid: number): string[] {
  const parents = new Map<number, { parent: number; name: string }>();
  for (const entry of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      const [, name = '', parent = '0'] = /\((.*)\) \S (\d+)/.exec(stat) ?? [];
      parents.set(Number(entry), { parent: Number(parent), name });
    } catch {
      // ended meanwhile
    }
  }
  const isBelow = (child: number): boolean => {
    const parent = parents.get(child)?.parent ?? 0;
    return parent === pid || (parent > 1 && isBelow(parent));
  };
  return [...parents].filter(([child]) => isBelow(child)).map(([, { name }]) => name);
}
