/** The comparisons of one window: which sessions they open, what is pushed to the window, and that nothing stays behind. */
import { beforeEach, expect, test } from 'vitest';
import {
  CompareController,
  type CompareControllerDeps,
} from '../../../../electron/shell/ipc/compare-controller.ts';
import { ConsentGuard } from '../../../../electron/shell/ipc/consent-guard.ts';
import type { CowscopeError } from '../../../../shared/error.ts';
import { ABSENT, HOLE, LOCAL, ZERO } from '../../../../shared/extent/flags.ts';
import type { IpcPushes } from '../../../../shared/ipc/contract.ts';
import { DIFFERENCE_KINDS } from '../../../../shared/model/comparison.ts';
import type { LayerInfo } from '../../../../shared/model/layer.ts';

type Session = Awaited<ReturnType<CompareControllerDeps['openChain']>>;

const CLUSTER = 65_536;
let told: IpcPushes['compare:state'][];
let closed: string[];
/** The base of what is opened names a file elsewhere. */
let outside = false;
/** Reading content does not end by itself. */
let isStalled = false;
/** When the servers of raw layers have told everything. */
let feeding: ReturnType<Session['fed']>;

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('aborted'))));
}

let controller: CompareController;

/** A disk of two clusters: data, and nothing; `words` says otherwise. */
function session(name: string, words: readonly number[] = [LOCAL, ABSENT | HOLE | ZERO]): Session {
  const size = words.length * CLUSTER;
  const link = { recorded: 'base', recordedFormat: '', resolved: '/elsewhere/base' };
  const backing = { ...link, status: outside ? 'needsConsent' : 'none' };
  const layers = [0, 1].map(
    index => ({ index, name: `${name}${index}`, path: `/${name}${index}`, size, backing }) as LayerInfo,
  );
  return {
    chain: { layers, size, complete: !outside, notes: [], findings: [] },
    ask: async () =>
      ({
        end: size,
        starts: Float64Array.from(words, (_, i) => i * CLUSTER),
        words: Uint32Array.from(words),
        owners: Int16Array.from(words, word => (word & LOCAL ? 0 : -1)),
        hosts: new Float64Array(words.length).fill(-1),
      }) as never,
    content: {
      identities: () => layers.map(() => ({ holder: '', file: '' })),
      open: async () => ({
        async read(into, _piece, signal) {
          if (isStalled) await aborted(signal);
          into.fill(name.length);
        },
        close: async () => {},
      }),
      openGuest: () => expect.unreachable(),
    },
    fed: () => feeding,
    changedLayers: async () => [],
    close: async () => {
      closed.push(name);
    },
  };
}

beforeEach(() => {
  told = [];
  closed = [];
  outside = false;
  isStalled = false;
  feeding = Promise.resolve([]);
  const own = session('own');
  const guard = new ConsentGuard();
  controller = new CompareController({
    openChain: async target => session(target.kind === 'files' ? (target.files[0] ?? '') : 'nbd'),
    session: sessionId => {
      if (sessionId !== 1) throw Object.assign(new Error(), { code: 'IPC_NO_SESSION' });
      return own;
    },
    consentGuard: () => guard,
    push: (_name, payload) => told.push(payload),
  });
});

const consent = { allow: [], allowAll: false };

function open(name: string) {
  const target = { kind: 'files' as const, files: [name] };
  return controller.handlers['compare:open']({ sessionId: 1, other: { kind: 'target', target, consent } });
}

const phase = () => told.at(-1)?.state.phase;
const code = (promise: unknown) =>
  Promise.resolve(promise).then(
    () => 'fine',
    (error: CowscopeError) => error.code,
  );

test('compares by tables at once, and by content when asked, and tells how far it is', async () => {
  const { comparisonId, a, b, size } = await open('other');
  expect([a.title, b.title, size, a.layers]).toEqual(['own1', 'other1', 2 * CLUSTER, ['own0', 'own1']]);
  await expect.poll(phase).toBe('ended');
  expect(told.at(-1)?.state).toMatchObject({ left: 2 * CLUSTER, sums: { same: CLUSTER } });
  controller.handlers['compare:content']({ comparisonId });
  await expect.poll(() => told.at(-1)?.state.sums.kinds.content.bytes).toBe(CLUSTER);
  await expect.poll(phase).toBe('ended');
  const page = await controller.handlers['compare:differences']({
    comparisonId,
    kinds: DIFFERENCE_KINDS,
    skip: 0,
    most: 10,
  });
  expect(page).toMatchObject({ total: 1, rows: [{ start: 0, length: CLUSTER, kind: 'content' }] });
  const found = controller.handlers['compare:find']({
    comparisonId,
    kinds: ['state'],
    from: -1,
    backwards: false,
  });
  expect(await found).toBe(null);
  const tiles = await controller.handlers['compare:tiles']({ comparisonId, level: 16, first: 0, count: 1 });
  expect(tiles.tiles.map(({ track, runs }) => [track, ...runs.slice(0, 3)])).toEqual([
    [0, 1, 1, 0],
    [1, 1, 1, 0],
    [2, 1, 1, 0],
  ]);
});

test('what was compared stays when the content is cancelled, and it can be compared again', async () => {
  const { comparisonId } = await open('other');
  await expect.poll(phase).toBe('ended');
  isStalled = true;
  controller.handlers['compare:content']({ comparisonId });
  expect(phase()).toBe('content');
  controller.handlers['compare:cancel']({ comparisonId });
  await expect.poll(phase).toBe('cancelled');
  expect(told.at(-1)?.state).toMatchObject({
    left: 2 * CLUSTER,
    sums: { same: CLUSTER, kinds: { mayDiffer: { bytes: CLUSTER } } },
  });
  isStalled = false;
  controller.handlers['compare:content']({ comparisonId });
  await expect.poll(phase).toBe('ended');
  expect(told.at(-1)?.state.sums.kinds.content.bytes).toBe(CLUSTER);
});

test('a comparison that waits for a server is cancelled at once', async () => {
  feeding = new Promise(() => {});
  const { comparisonId } = await open('other');
  controller.handlers['compare:cancel']({ comparisonId });
  await expect.poll(phase).toBe('cancelled');
  expect(told.at(-1)?.state.sums.same).toBe(0);
  await controller.close();
  expect(closed).toEqual(['other']);
});

test('two layers of the open chain need no other session', async () => {
  const opened = await controller.handlers['compare:open']({
    sessionId: 1,
    layer: 0,
    other: { kind: 'layer', layer: 1 },
  });
  expect([opened.a.title, opened.b.title]).toEqual(['own0', 'own1']);
  await controller.close();
  expect(closed).toEqual([]);
});

test('another comparison and a close end the last one and what was opened for it', async () => {
  const first = await open('first');
  await open('second');
  expect(closed).toEqual(['first']);
  expect(await code(Promise.resolve().then(() => controller.handlers['compare:content'](first)))).toBe(
    'IPC_NO_SESSION',
  );
  await controller.handlers['compare:close'](undefined);
  expect(closed).toEqual(['first', 'second']);
});

test('a disk whose backing file waits for consent says which file, and consent to it is taken from then on', async () => {
  outside = true;
  const { b } = await open('other');
  expect([b.incomplete, b.asksFor]).toEqual([true, '/elsewhere/base']);
  const target = { kind: 'files' as const, files: ['other'] };
  const allowed = { ...consent, allow: ['/elsewhere/base'] };
  const again = controller.handlers['compare:open']({
    sessionId: 1,
    other: { kind: 'target', target, consent: allowed },
  });
  expect(await code(again)).toBe('fine');
});

test('of two openings at once only the newest is kept', async () => {
  const slow = open('slow');
  const newest = await open('newest');
  expect(await code(slow)).toBe('IPC_SUPERSEDED');
  expect(newest.b.title).toBe('newest1');
  expect(closed).toEqual(['slow']);
});

test('a layer that the chain does not have and consent that was not asked for are refused', async () => {
  const layer = controller.handlers['compare:open']({ sessionId: 1, other: { kind: 'layer', layer: 7 } });
  expect(await code(layer)).toBe('LAYER_UNKNOWN');
  const target = { kind: 'files' as const, files: ['/a'] };
  const foreign = controller.handlers['compare:open']({
    sessionId: 1,
    other: { kind: 'target', target, consent: { ...consent, allow: ['/etc/shadow'] } },
  });
  expect(await code(foreign)).toBe('IPC_NOT_ASKED');
});
