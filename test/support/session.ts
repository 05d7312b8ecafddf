/** Sessions of the real service in the test's own process, with the engine's built worker. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import type { ListRequest } from '../../electron/engine/worker/protocol.ts';
import { type ChainSession, openChain, type SessionEvents } from '../../electron/service/chain-session.ts';
import type { SessionOptions } from '../../electron/service/session-options.ts';
import type { OpenTarget } from '../../shared/model/target.ts';

const worker = fileURLToPath(new URL('../../dist/engine-worker.cjs', import.meta.url));

/** Lets sessions start the built worker. Throws where it was not built. */
export function chooseBuiltWorker(): void {
  if (!existsSync(worker)) throw new Error('dist/engine-worker.cjs is missing: run npm run build');
  process.env.COWSCOPE_ENGINE_WORKER = worker;
}

/** Opens a target with consent to everything. The caller closes it. */
export async function openTarget(
  target: OpenTarget,
  options: Partial<SessionOptions> = {},
  events: Partial<SessionEvents> = {},
): Promise<ChainSession> {
  chooseBuiltWorker();
  const consent = { allow: [], allowAll: true };
  return openChain(target, { consent, buildPyramid: false, ...options }, events);
}

/** Opens a chain of files (one file: its links are followed) and runs `use`; everything is closed afterwards. */
export async function withChain<T>(
  files: readonly string[],
  options: Partial<SessionOptions>,
  use: (session: ChainSession) => Promise<T>,
): Promise<T> {
  return withTarget({ kind: 'files', files }, options, use);
}

/** Opens a target and runs `use`; everything is closed afterwards. */
export async function withTarget<T>(
  target: OpenTarget,
  options: Partial<SessionOptions>,
  use: (session: ChainSession) => Promise<T>,
): Promise<T> {
  const session = await openTarget(target, options);
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}

/** A list of the session as parsed JSON, once every NBD feed has ended. Fails when a feed failed. */
export async function listed(session: ChainSession, args: ListRequest): Promise<unknown> {
  const failed = await session.fed();
  if (failed.length > 0) throw new Error(`a feed failed: ${JSON.stringify(failed)}`);
  return listedSoFar(session, args);
}

/** A list of what the session has read so far, as parsed JSON. */
export async function listedSoFar(session: ChainSession, args: ListRequest): Promise<unknown> {
  const decoder = new TextDecoder();
  let text = '';
  await session.list(args, chunk => {
    text += decoder.decode(chunk, { stream: true });
  });
  return JSON.parse(text);
}

/** One row of the map document. */
export interface ListedRow {
  readonly start: number;
  readonly length: number;
  readonly owner?: number | null;
  readonly depth?: number;
  readonly state: string;
  readonly dirty?: true;
  readonly dirtyUnknown?: true;
  readonly ownerUnknown?: true;
}

/** The rows of the map document, once every NBD feed has ended. */
export async function mapRows(session: ChainSession, layer?: number): Promise<ListedRow[]> {
  return (await listed(session, {
    spec: { list: 'map', format: 'json', hosts: false },
    layer,
  })) as ListedRow[];
}

/** The engines' workers of this process that run now. */
export const workers = new Set<Worker>();
process.on('worker', started => {
  workers.add(started);
  started.once('exit', () => workers.delete(started));
});

/** What this process has made and not yet taken away: children, sockets and their folders, workers. */
export interface Leftovers {
  readonly children: readonly number[];
  readonly folders: readonly string[];
  readonly sockets: number;
  readonly workers: number;
}

/** The leftovers of this process now. Linux only: it looks into /proc. */
export async function leftovers(): Promise<Leftovers> {
  const names = (await readdir(tmpdir())).filter(name => name.startsWith('cow-')).sort();
  const sockets = process
    .getActiveResourcesInfo()
    .filter(kind => kind === 'PipeWrap' || kind === 'TCPSocketWrap');
  return { children: await childrenOf(), folders: names, sockets: sockets.length, workers: workers.size };
}

/** Process ids of the children of this process. */
export async function childrenOf(): Promise<number[]> {
  const tasks = await readdir('/proc/self/task');
  const lists = await Promise.all(
    tasks.map(task => readFile(`/proc/self/task/${task}/children`, 'utf8').catch(() => '')),
  );
  return lists
    .flatMap(list => list.split(' ').filter(pid => pid.trim() !== ''))
    .map(Number)
    .sort((a, b) => a - b);
}

/** Waits until nothing more is left than before. Gives what is left after 10 seconds. */
export async function settled(before: Leftovers): Promise<Leftovers> {
  for (let tries = 0; ; tries++) {
    const now = await leftovers();
    const same =
      now.children.length <= before.children.length &&
      now.folders.length <= before.folders.length &&
      now.sockets <= before.sockets &&
      now.workers <= before.workers;
    if (same) return before;
    if (tries === 400) return now;
    await sleep(25);
  }
}
