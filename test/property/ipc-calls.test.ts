/** Whatever a window sends, a call of the contract is answered with a Result: never a raw exception, never a fault of ours. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { answerCall, type CallHandler } from '../../electron/shell/ipc/answer.ts';
import { CaptureController } from '../../electron/shell/ipc/capture-controller.ts';
import { ChainController } from '../../electron/shell/ipc/chain-controller.ts';
import { CompareController } from '../../electron/shell/ipc/compare-controller.ts';
import type { CallHandlers } from '../../electron/shell/ipc/ipc-main.ts';
import { PlanController } from '../../electron/shell/ipc/plan-controller.ts';
import { ReportController } from '../../electron/shell/ipc/report-controller.ts';
import { StoreController } from '../../electron/shell/ipc/store-controller.ts';
import { CowscopeError } from '../../shared/error.ts';
import { CALL_NAMES } from '../../shared/ipc/contract.ts';

const REFUSED = new CowscopeError({ code: 'CHAIN_FILE_MISSING', what: '', subject: '', advice: '' });
const controller = new ChainController({
  openChain: () => Promise.reject(REFUSED),
  listNbdExports: () => Promise.reject(REFUSED),
  push: () => expect.unreachable(),
  requestFor: () => undefined,
  onOpened: () => expect.unreachable(),
  onClosed: () => expect.unreachable(),
  onStopped: () => expect.unreachable(),
  onFailed: () => {},
});
const handlers: CallHandlers = {
  ...controller.handlers,
  ...new StoreController(() => Promise.reject(REFUSED)).handlers,
  ...new PlanController({
    plan: () => Promise.reject(REFUSED),
    opened: sessionId => controller.opened(sessionId),
    stores: () => [],
  }).handlers,
  ...new CompareController({
    openChain: () => Promise.reject(REFUSED),
    session: sessionId => controller.session(sessionId),
    consentGuard: () => controller.consentGuard,
    push: () => expect.unreachable(),
  }).handlers,
  ...new ReportController({
    opened: sessionId => controller.opened(sessionId),
    session: sessionId => controller.session(sessionId),
    plan: () => undefined,
    choosePath: async () => undefined,
    onProgress: () => {},
  }).handlers,
  ...new CaptureController({
    opened: sessionId => controller.opened(sessionId),
    choosePath: async () => undefined,
    onProgress: () => {},
  }).handlers,
  'app:state': () => ({ version: '', platform: '', recent: [], samples: [] }),
  'app:clearRecent': () => null,
  'app:theme': () => null,
  'app:diagnostics': () => '',
  'app:idle': () => null,
  'dialog:openFiles': () => [],
  'dialog:openFolders': () => [],
};

/** Field names of the contract and others, so that some values come close to what is expected. */
const key = fc.oneof(
  fc.constantFrom(
    'sessionId',
    'target',
    'consent',
    'kind',
    'files',
    'folders',
    'storeId',
    'uri',
    'allow',
    'allowAll',
    'choice',
    'other',
    'comparisonId',
    'operation',
    'job',
    'start',
    'end',
  ),
  fc.constantFrom('level', 'first', 'count', 'offset', 'layer', 'selection', '__proto__', 'constructor'),
  fc.string({ maxLength: 5 }),
);
const leaf = fc.oneof(
  fc.constantFrom<unknown>(
    'files',
    'nbd',
    '/a',
    'nbd://h',
    0,
    1,
    -1,
    0.5,
    2 ** 53,
    Number.NaN,
    null,
    undefined,
  ),
  fc.anything({ maxDepth: 1, withBigInt: true, withTypedArray: true, withSparseArray: true, withDate: true }),
);
const { tree } = fc.letrec<{ tree: unknown }>(tie => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie('tree')), { maxLength: 6 }).map(entries => {
      const value = {};
      for (const [name, field] of entries)
        Object.defineProperty(value, name, { value: field, enumerable: true, configurable: true });
      return value;
    }),
  ),
}));

test('any value sent with any call gives a Result, and an error has a code other than INTERNAL', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...CALL_NAMES), tree, async (name, value) => {
      const reply = await answerCall(name, handlers[name] as CallHandler<typeof name>, true, value);
      if (reply.ok) return;
      expect(Object.keys(reply.error).sort()).toEqual(['advice', 'code', 'subject', 'what']);
      expect(reply.error.code).toMatch(/^(IPC_[A-Z_]+|CHAIN_FILE_MISSING)$/);
    }),
    { numRuns: 3000 },
  );
});
