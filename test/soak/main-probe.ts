/** What can be learned of the main process and its workers from outside, with nothing in the program made for it. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
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
  /** One for each worker thread that answers; those started before the probe was installed do not. */
  readonly workers: readonly ThreadMemory[];
  /** Worker threads started since the probe was installed that have not ended. */
  readonly workersAlive: number;
  /** Handles and requests that keep the loop alive, by kind. */
  readonly resources: Readonly<Record<string, number>>;
  /** Listeners on the program's own emitters. */
  readonly listeners: number;
  /** Open file descriptors by kind. */
  readonly descriptors: Descriptors;
  /** Processes below it that are not Electron's own. */
  readonly children: readonly string[];
}

/** Open file descriptors of a process. */
export interface Descriptors {
  /** Disk images, which are files too. */
  readonly images: number;
  readonly files: number;
  readonly sockets: number;
  /** Pipes, event counters, shared memory. */
  readonly others: number;
}

/** Gives every worker started from now on a probe, and the means to collect garbage to every thread. */
export async function installMainProbe(app: ElectronApplication): Promise<void> {
  await app.evaluate((_, probe) => {
    const threads = process.getBuiltinModule('node:worker_threads');
    const { Worker } = threads;
    const alive = new Set<unknown>();
    class Probed extends Worker {
      constructor(path: string | URL, options: import('node:worker_threads').WorkerOptions = {}) {
        super(path, { ...options, execArgv: [...process.execArgv, '--require', probe] });
        alive.add(this);
        this.once('exit', () => alive.delete(this));
      }
    }
    Object.assign(threads, { Worker: Probed });
    process.getBuiltinModule('node:v8').setFlagsFromString('--expose-gc');
    const collect = process.getBuiltinModule('node:vm').runInNewContext('gc');
    Object.assign(globalThis, { soakProbe: { alive, collect } });
  }, WORKER_PROBE);
}

/** What is held after a forced collection in every thread. */
export async function mainState(app: ElectronApplication): Promise<MainState> {
  const state = await app.evaluate(async ({ ipcMain, app: electronApp, BrowserWindow }) => {
    const { alive, collect } = (
      globalThis as unknown as { soakProbe: { alive: Set<unknown>; collect: () => void } }
    ).soakProbe;
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
    const windows = BrowserWindow.getAllWindows();
    const contents = windows.map(({ webContents }) => webContents);
    const sessions = contents.map(({ session }) => session);
    const emitters: NodeJS.EventEmitter[] = [
      ipcMain,
      electronApp,
      process,
      ...windows,
      ...contents,
      ...sessions,
    ];
    const listeners = emitters
      .flatMap(emitter => emitter.eventNames().map(name => emitter.listenerCount(name)))
      .reduce((sum, count) => sum + count, 0);
    const main = { heapUsed, arrayBuffers };
    return { rss, main, workers, workersAlive: alive.size, resources, listeners, pid: process.pid };
  });
  const { pid, ...rest } = state;
  return {
    ...rest,
    descriptors: descriptorsOf(pid),
    children: childrenOf(pid).filter(name => name.startsWith('qemu')),
  };
}

function descriptorsOf(pid: number): Descriptors {
  const counts = { images: 0, files: 0, sockets: 0, others: 0 };
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    let place: string;
    try {
      place = readlinkSync(`/proc/${pid}/fd/${fd}`);
    } catch {
      continue; // closed meanwhile
    }
    if (place.endsWith('.qcow2')) counts.images++;
    if (place.startsWith('socket:')) counts.sockets++;
    else if (/^\/(?!memfd:|dev\/shm\/)/.test(place)) counts.files++;
    else counts.others++;
  }
  return counts;
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
