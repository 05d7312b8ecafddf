/** A main process in memory: the window's calls are answered by a real engine in place. For tests and for looking at the window. */
import type { FromEngine } from '../../../electron/engine/worker/protocol.ts';
import { errorRecord } from '../../../shared/error.ts';
import {
  type AppState,
  type Bridge,
  type CallName,
  type IpcCalls,
  type IpcPushes,
  type PushName,
  QUESTION_CALLS,
  type QuestionCall,
} from '../../../shared/ipc/contract.ts';
import type { Finding } from '../../../shared/model/finding.ts';
import type { NbdExportInfo } from '../../../shared/model/nbd-export.ts';
import type { Result } from '../../../shared/result.ts';
import { fail, ok } from '../../../shared/result.ts';
import type { FakeChain } from './fake-chain.ts';

type Handler<C extends CallName> = (
  args: IpcCalls[C]['args'],
) => Result<IpcCalls[C]['reply']> | Promise<Result<IpcCalls[C]['reply']>>;
type Handlers = { [C in CallName]?: Handler<C> };
const SESSION_ID = 1;

/** A bridge whose calls are recorded and whose pushes a test can send. */
export interface FakeBridge extends Bridge {
  readonly calls: { readonly name: CallName; readonly args: unknown }[];
  push<P extends PushName>(name: P, payload: IpcPushes[P]): void;
  /** Adds to the findings of the chain, once it is open. */
  find(...findings: readonly Finding[]): void;
  /** Replaces the answers to one call. */
  answer<C extends CallName>(name: C, handler: Handler<C>): void;
}

/** A bridge that opens `chain` whatever is asked for. */
export function fakeBridge(chain: FakeChain, app: Partial<AppState> = {}): FakeBridge {
  const listeners = new Map<PushName, Set<(payload: never) => void>>();
  const calls: FakeBridge['calls'] = [];
  function push<P extends PushName>(name: P, payload: IpcPushes[P]): void {
    for (const listener of listeners.get(name) ?? []) listener(payload as never);
  }
  function pushNews(message: FromEngine): void {
    const { kind, ...payload } = message;
    if (kind === 'progress' || kind === 'changed' || kind === 'tracks' || kind === 'findings')
      push(`chain:${kind}`, { sessionId: SESSION_ID, ...payload } as never);
  }
  const handlers: Handlers = {
    'app:state': () => ok({ version: '0.1.0', platform: 'linux', recent: [], samples: [], ...app }),
    'app:clearRecent': () => ok(null),
    'app:theme': () => ok(null),
    'app:diagnostics': () => ok('cowscope 0.1.0\n'),
    'app:idle': () => ok(null),
    'dialog:openFiles': () => ok(['/images/top.qcow2']),
    'dialog:openFolders': () => ok(['/images']),
    'store:close': () => ok(null),
    // Files that know nothing of each other.
    'store:arrange': ({ files }) => ok({ images: [], indexes: files.map(() => -1), chains: [], loops: [] }),
    'chain:open': async () => {
      await chain.read();
      return ok({ sessionId: SESSION_ID, chain: chain.info, tracks: chain.tracks });
    },
    'chain:subscribe': () => {
      chain.listen(pushNews);
      return ok(null);
    },
    'chain:close': () => {
      chain.listen(() => {});
      return ok(null);
    },
    'chain:cancel': () => ok(null),
    'chain:retry': () => ok(null),
    'plan:cancel': () => ok(null),
    'report:cancel': () => ok(null),
    'capture:cancel': () => ok(null),
    'report:drawing': () => ok('<svg xmlns="http://www.w3.org/2000/svg" width="4" height="2"/>'),
    // The images in memory have no refcounts: a check that begins by itself would find them damaged.
    'chain:checkCost': () => ok({ bytes: 0 }),
    'nbd:cancelList': () => ok(null),
    'nbd:list': () =>
      ok<readonly NbdExportInfo[]>([
        {
          name: 'vm7/disk0',
          description: 'root disk',
          uri: 'nbd://storage-3/vm7/disk0',
          flags: [],
          size: 2 ** 36,
          contexts: ['base:allocation', 'qemu:allocation-depth'],
        },
        {
          name: '',
          description: '',
          uri: 'nbd://storage-3',
          flags: [],
          size: 2 ** 30,
          contexts: ['base:allocation'],
        },
      ]),
  };
  return {
    calls,
    call: async (name, args) => {
      calls.push({ name, args });
      const handler = handlers[name] as Handler<typeof name> | undefined;
      if (handler !== undefined) return handler(args);
      const question = QUESTION_CALLS.get(name as QuestionCall);
      if (question === undefined)
        return fail({ code: 'TEST', what: 'no handler', subject: name, advice: '' });
      try {
        return ok(await chain.ask(question, args as never)) as never;
      } catch (error) {
        return fail(errorRecord(error));
      }
    },
    on(name, listener) {
      const set = listeners.get(name) ?? new Set();
      listeners.set(name, set);
      set.add(listener);
      return () => set.delete(listener);
    },
    push,
    find: (...findings) => chain.find(findings),
    answer(name, handler) {
      Object.assign(handlers, { [name]: handler });
    },
    pathOfDropped: file => `/images/${(file as File).name}`,
  };
}
