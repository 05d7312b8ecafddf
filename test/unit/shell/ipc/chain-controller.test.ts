import { beforeEach, expect, test, vi } from 'vitest';
import type { CallHandler } from '../../../../electron/shell/ipc/answer.ts';
import {
  ChainController,
  type ChainControllerDeps,
  type ControlledSession,
} from '../../../../electron/shell/ipc/chain-controller.ts';
import type { OpenRequest } from '../../../../electron/shell/launch-target.ts';
import { CowscopeError } from '../../../../shared/error.ts';
import { QUESTION_CALLS } from '../../../../shared/ipc/contract.ts';
import type { BackingLink, ChainInfo } from '../../../../shared/model/layer.ts';
import type { LayerProgress } from '../../../../shared/model/progress.ts';
import type { Consent, OpenTarget } from '../../../../shared/model/target.ts';
import { layerInfo } from '../../../support/window/fake-chain.ts';

const none = { allow: [], allowAll: false };
const file = (name: string): OpenTarget => ({ kind: 'files', files: [name] });
const progress = (phase: LayerProgress['phase']): LayerProgress[] => [
  { layer: 0, witness: 'metadata', phase, covered: 0, total: 1 },
];

type OpenArguments = Parameters<ChainControllerDeps['openChain']>;

/** A service whose opens end when told to. */
interface Opening {
  readonly options: OpenArguments[1];
  readonly events: NonNullable<OpenArguments[2]>;
  finish(): void;
  fail(error: Error): void;
}

let openings: Opening[];
let closed: string[];
let pushed: [string, unknown][];
let opened: OpenTarget[];
let failed: unknown[];
let stopped: [OpenRequest, CowscopeError][];
let asked: Omit<OpenRequest, 'target'> | undefined;
let listings: AbortSignal[];
let controller: ChainController;
let requests: OpenRequest[];
let chain: ChainInfo | undefined;

beforeEach(() => {
  listings = [];
  openings = [];
  closed = [];
  pushed = [];
  opened = [];
  failed = [];
  stopped = [];
  requests = [];
  chain = undefined;
  asked = { consent: { allow: ['/given'], allowAll: false }, forceShare: true, allowLocalFiles: true };
  controller = new ChainController({
    openChain: (target, options, events = {}) =>
      new Promise((resolve, reject) => {
        const finish = () => resolve(session(target));
        openings.push({ options, events, finish, fail: reject });
      }),
    listNbdExports: async (uri, { signal }) => {
      listings.push(signal);
      return [{ name: 'x', description: '', uri, size: 1, contexts: [], flags: [] }];
    },
    push: (name, payload) => pushed.push([name, payload]),
    beforeClose: async () => beforeClose?.(),
    requestFor: target => (asked === undefined ? undefined : { target, ...asked }),
    onOpened: request => {
      requests.push(request);
      opened.push(request.target);
    },
    onClosed: () => opened.push(file('none')),
    onStopped: (request, error) => stopped.push([request, error]),
    onFailed: (_target, error) => failed.push(error),
  });
});

let beforeClose: (() => Promise<void>) | undefined;
let looks = 0;
let changedLayers: () => Promise<readonly number[]> = async () => [];

function session(target: OpenTarget): ControlledSession {
  const name = target.kind === 'files' ? (target.files[0] ?? '') : target.uri;
  return {
    chain: chain ?? { layers: [], size: 1, complete: true, notes: [name], findings: [] },
    tracks: [],
    content: {
      identities: () => [],
      open: () => expect.unreachable(),
      openGuest: () => expect.unreachable(),
    },
    fed: async () => [],
    partitions: async () => ({ read: name }) as never,
    drawn: Promise.resolve(),
    unreadable: () => [],
    list: () => expect.unreachable(),
    ask: async (question, args) => ({ session: name, question, args }) as never,
    changedLayers: () => {
      looks++;
      return changedLayers();
    },
    cancel: () => closed.push(`cancel ${name}`),
    retry: () => closed.push(`retry ${name}`),
    close: async () => {
      closed.push(name);
    },
  };
}

async function open(name: string): Promise<number> {
  const reply = controller.handlers['chain:open']({ target: file(name), consent: none });
  openings.at(-1)?.finish();
  return (await reply).sessionId;
}

const code = (promise: unknown) =>
  Promise.resolve(promise).then(
    () => 'fine',
    (error: CowscopeError) => error.code,
  );

test('what reads from a chain ends before its session closes, also where another chain takes its place', async () => {
  beforeClose = async () => {
    await Promise.resolve();
    closed.push('readers');
  };
  const first = await open('/a');
  await open('/b');
  expect(closed).toEqual(['readers', '/a']);
  await controller.handlers['chain:close']({ sessionId: first + 1 });
  expect(closed).toEqual(['readers', '/a', 'readers', '/b']);
  beforeClose = undefined;
});

test('consent of the command line is added to that of the window', async () => {
  await open('/a');
  expect(openings[0]?.options).toMatchObject({
    consent: { allow: ['/given'], allowAll: false },
    forceShare: true,
    allowLocalFiles: true,
    interactive: true,
  });
});

test('locks are ignored where the person in front of the window said so, and nowhere else', async () => {
  asked = undefined;
  await open('/a');
  const reply = controller.handlers['chain:open']({
    target: file('/a'),
    consent: { ...none, forceShare: true },
  });
  openings.at(-1)?.finish();
  await reply;
  expect(openings.map(({ options }) => options.forceShare)).toEqual([false, true]);
});

test('a target of the window may name no key files, however often it is opened', async () => {
  asked = undefined;
  await open('/a');
  asked = requests[0];
  await open('/a');
  expect(openings.map(({ options }) => options.allowLocalFiles)).toEqual([false, false]);
});

const elsewhere = (status: BackingLink['status']) =>
  layerInfo(0, 'top.qcow2', 65536, {
    backing: { recorded: '../base', recordedFormat: 'qcow2', resolved: '/far/base', status },
  });

test('consent of the window counts for what it was asked about alone', async () => {
  chain = { layers: [elsewhere('needsConsent')], size: 1, complete: false, notes: [], findings: [] };
  const allowing = (consent: Consent) =>
    code(controller.handlers['chain:open']({ target: file('/a'), consent }));
  const allow = ['/far/base'];
  expect(await allowing({ allow, allowAll: false })).toBe('IPC_NOT_ASKED');
  await open('/a');
  expect(await allowing({ allow: [...allow, '/etc/shadow'], allowAll: false })).toBe('IPC_NOT_ASKED');
  expect(await allowing({ allow, allowAll: true })).toBe('IPC_NOT_ASKED');
  expect(openings).toHaveLength(1);
  chain = { ...chain, layers: [elsewhere('opened')] };
  for (let again = 1; again <= 2; again++) {
    const reply = allowing({ allow, allowAll: false });
    openings.at(-1)?.finish();
    expect(await reply).toBe('fine');
  }
  expect(openings.at(-1)?.options.consent.allow).toContain('/far/base');
});

test('a target that was opened ahead is given to the window when it asks for it', async () => {
  controller.openAhead(file('/a'));
  openings[0]?.events.onProgress?.(progress('reading'));
  openings[0]?.finish();
  await vi.waitFor(() => expect(opened).toHaveLength(1), 20_000);
  expect(controller.isBusy).toBe(true);
  const { sessionId } = await controller.handlers['chain:open']({ target: file('/a'), consent: none });
  expect(openings).toHaveLength(1);
  expect(pushed).toEqual([]);
  controller.handlers['chain:subscribe']({ sessionId });
  expect(pushed).toEqual([['chain:progress', { sessionId, layers: progress('reading') }]]);
  expect(await open('/a')).not.toBe(sessionId); // handed over once
  expect(openings).toHaveLength(2);
});

test('what was opened ahead gives way to another target', async () => {
  controller.openAhead(file('/a'));
  const other = controller.handlers['chain:open']({ target: file('/b'), consent: none });
  expect(openings.map(({ options }) => options.signal?.aborted)).toEqual([true, false]);
  for (const { finish } of openings) finish();
  await other;
  expect(closed).toEqual(['/a']);
});

test('the reason why something could not be opened ahead is the reply when the window asks', async () => {
  controller.openAhead(file('/a'));
  openings[0]?.fail(new CowscopeError({ code: 'CHAIN_FILE_MISSING', what: '', subject: '', advice: '' }));
  await vi.waitFor(() => expect(failed).toHaveLength(1), 20_000);
  expect(await code(controller.handlers['chain:open']({ target: file('/a'), consent: none }))).toBe(
    'CHAIN_FILE_MISSING',
  );
});

test('what is still opening is canceled when another target comes or the controller closes', async () => {
  void code(controller.handlers['chain:open']({ target: file('/a'), consent: none }));
  const second = controller.handlers['chain:open']({ target: file('/b'), consent: none });
  expect(openings.map(({ options }) => options.signal?.aborted)).toEqual([true, false]);
  const closing = controller.close();
  expect(openings[1]?.options.signal?.aborted).toBe(true);
  for (const { fail } of openings)
    fail(new CowscopeError({ code: 'CANCELLED', what: '', subject: '', advice: '' }));
  await closing;
  expect(await code(second)).toBe('IPC_SUPERSEDED');
  expect(failed).toEqual([]);
});

test('another target closes the former one, and its calls are refused from then on', async () => {
  const first = await open('/a');
  const second = await open('/b');
  expect(closed).toEqual(['/a']);
  expect(opened).toEqual([file('/a'), file('/b')]);
  expect(() => controller.handlers['chain:inspect']({ sessionId: first, offset: 0 })).toThrow(CowscopeError);
  const inspection = await controller.handlers['chain:inspect']({ sessionId: second, offset: 0 });
  expect(inspection).toMatchObject({ session: '/b' });
});

test('a target that fails to open leaves the former one open', async () => {
  const first = await open('/a');
  const reply = controller.handlers['chain:open']({ target: file('/b'), consent: none });
  openings[1]?.fail(new CowscopeError({ code: 'X', what: '', subject: '', advice: '' }));
  expect(await code(reply)).toBe('X');
  expect(failed).toHaveLength(1);
  expect(await code(controller.handlers['chain:inspect']({ sessionId: first, offset: 0 }))).toBe('fine');
});

test('of two targets opening at once the newer wins and the other is closed', async () => {
  const slow = controller.handlers['chain:open']({ target: file('/slow'), consent: none });
  const fast = controller.handlers['chain:open']({ target: file('/fast'), consent: none });
  openings[1]?.finish();
  await fast;
  openings[0]?.finish();
  expect(await code(slow)).toBe('IPC_SUPERSEDED');
  expect(closed).toEqual(['/slow']);
  expect(failed).toEqual([]);
});

test('pushes begin when the window subscribes, and end with the session', async () => {
  const sessionId = await open('/a');
  const events = openings[0]!.events;
  events.onProgress?.(progress('done'));
  expect(controller.isBusy).toBe(true); // the window has not had the push
  expect(pushed).toEqual([]);
  controller.handlers['chain:subscribe']({ sessionId });
  expect(pushed).toEqual([['chain:progress', { sessionId, layers: progress('done') }]]);
  expect(controller.isBusy).toBe(false);
  await controller.handlers['chain:close']({ sessionId });
  expect(opened).toEqual([file('/a'), file('none')]);
  events.onProgress?.(progress('reading'));
  expect(pushed).toHaveLength(1);
  expect(controller.isBusy).toBe(false);
  expect(() => controller.handlers['chain:subscribe']({ sessionId })).toThrow('IPC_NO_SESSION');
});

test('closing a chain that is not open any more changes nothing', async () => {
  await open('/a');
  await controller.handlers['chain:close']({ sessionId: 999 });
  expect(closed).toEqual([]);
  expect(opened).toEqual([file('/a')]);
});

test('closing the controller waits for what is open and what is opening', async () => {
  await open('/a');
  const reply = controller.handlers['chain:open']({ target: file('/b'), consent: none });
  const closing = controller.close();
  openings[1]?.finish();
  await closing;
  expect(await code(reply)).toBe('IPC_SUPERSEDED');
  expect(closed.sort()).toEqual(['/a', '/b']);
  expect(controller.isBusy).toBe(false);
});

test('every question reaches the session of its number with its own arguments alone', async () => {
  const sessionId = await open('/a');
  const args = { level: 3, offset: 5, from: 7 };
  for (const [call, question] of QUESTION_CALLS) {
    const handler = controller.handlers[call] as CallHandler<typeof call>;
    expect(await handler({ ...args, sessionId } as never)).toEqual({ session: '/a', question, args });
    expect(() => handler({ ...args, sessionId: sessionId + 1 } as never)).toThrow('IPC_NO_SESSION');
  }
});

test('files that have changed on disk are reported once for each chain', async () => {
  const told = () => pushed.filter(([name]) => name === 'chain:filesChanged').map(([, payload]) => payload);
  looks = 0;
  await controller.checkFiles(); // nothing is open
  expect(looks).toBe(0);
  const id = await open('/a');
  await controller.handlers['chain:subscribe']({ sessionId: id });
  changedLayers = async () => [];
  for (let i = 0; i < 2; i++) await controller.checkFiles();
  expect([looks, told()]).toEqual([2, []]);
  changedLayers = async () => [0, 2];
  for (let i = 0; i < 3; i++) await controller.checkFiles();
  expect([looks, told()]).toEqual([3, [{ sessionId: id, layers: [0, 2] }]]);
  const next = await open('/b');
  await controller.handlers['chain:subscribe']({ sessionId: next });
  await controller.checkFiles();
  expect(told()).toEqual([
    { sessionId: id, layers: [0, 2] },
    { sessionId: next, layers: [0, 2] },
  ]);
});

test('a look at the files that a slow disk holds up keeps others from beginning, and comes too late for another chain', async () => {
  await open('/a');
  looks = 0;
  let answer = (_layers: readonly number[]) => {};
  changedLayers = () =>
    new Promise(resolve => {
      answer = resolve;
    });
  const look = controller.checkFiles();
  await controller.checkFiles();
  expect(looks).toBe(1);
  await open('/b');
  answer([0]);
  await look;
  expect(pushed.filter(([name]) => name === 'chain:filesChanged')).toEqual([]);
  changedLayers = async () => [];
});

test('a crash of the worker of the open chain is reported with its target, and that of a former chain is not', async () => {
  const error = new CowscopeError({ code: 'INTERNAL', what: 'exit code 1', subject: '', advice: '' });
  await open('a');
  await open('b');
  openings[0]?.events.onStopped?.(error);
  expect(stopped).toEqual([]);
  openings[1]?.events.onStopped?.(error);
  expect(stopped).toEqual([[requests.at(-1), error]]);
});

test('the other calls reach the session', async () => {
  const id = await open('/a');
  const { handlers } = controller;
  await handlers['chain:cancel']({ sessionId: id });
  await handlers['chain:retry']({ sessionId: id });
  expect(closed).toEqual(['cancel /a', 'retry /a']);
  expect(await handlers['nbd:list']({ uri: 'nbd://h' })).toMatchObject([{ uri: 'nbd://h' }]);
});

test('a listing of exports ends with the next one, when it is cancelled, and when the controller closes', async () => {
  const ended = () => listings.map(signal => signal.aborted);
  for (let i = 0; i < 2; i++) await controller.handlers['nbd:list']({ uri: 'nbd://h' });
  expect(ended()).toEqual([true, false]);
  await controller.handlers['nbd:cancelList'](undefined);
  expect(ended()).toEqual([true, true]);
  await controller.handlers['nbd:list']({ uri: 'nbd://h' });
  await controller.close();
  expect(ended()).toEqual([true, true, true]);
});
