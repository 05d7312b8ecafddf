import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, it } from 'vitest';
import type { EnginePlan, FromEngine } from '../../../electron/engine/worker/protocol.ts';
import { writeChain } from '../../../examples/layer-bytes.mjs';
import { golden, shortMiddle } from '../../../examples/recipes.mjs';
import { presentBits } from '../../../shared/extent/columns.ts';
import { stateOf, UNREAD } from '../../../shared/extent/flags.ts';
import { batchesOf, type FedLayer, fedPlan } from '../../support/fed-chain.ts';
import { openSession, planFiles } from '../../support/merge-session.ts';
import { statusList } from '../../support/status-lists.ts';
import { qemuImg, temporaryFolder } from '../../support/tools.ts';

const K = 1024;
const MIB = 2 ** 20;

let goldenPaths: string[];

beforeAll(async () => {
  goldenPaths = await writeChain(golden, temporaryFolder());
});

function planFed(...layers: FedLayer[]): EnginePlan {
  const plans = layers.map((layer, i) => fedPlan(layer, MIB, `layer ${i}`));
  return { layers: plans, size: plans.at(-1)!.size, buildPyramid: true, extentBudget: 1000 };
}

function ofKind<K extends FromEngine['kind']>(messages: readonly FromEngine[], kind: K) {
  return messages.filter(message => message.kind === kind) as Extract<FromEngine, { kind: K }>[];
}

it('names the tracks: the guest, then the layers from top to base', () => {
  const session = openSession(planFiles(goldenPaths));
  const [opened] = ofKind(session.messages, 'opened');
  expect(
    opened!.tracks.map(({ id, kind, layer, title, size, witness, ownerKnown }) => [
      id,
      kind,
      layer,
      title,
      size / K,
      witness,
      ownerKnown,
    ]),
  ).toEqual([
    [0, 'guest', -1, 'guest', 1280, 'metadata', true],
    [1, 'layer', 2, 'top.qcow2', 1280, 'metadata', true],
    [2, 'layer', 1, 'mid.qcow2', 1024, 'metadata', true],
    [3, 'layer', 0, 'base.qcow2', 1024, 'metadata', true],
  ]);
});

it('knows no owner where a server has no allocation-depth', () => {
  const session = openSession(
    planFed({ kind: 'isolatedLayer', units: 4, contexts: { 'base:allocation': [0, 0, 0, 0] } }),
  );
  expect(ofKind(session.messages, 'opened')[0]!.tracks.map(track => track.ownerKnown)).toEqual([
    false,
    false,
  ]);
});

it('draws nothing past a shorter middle layer, and shadows what the base holds there', async () => {
  const session = openSession(planFiles(await writeChain(shortMiddle, temporaryFolder())));
  await session.read();
  const rows = JSON.parse(await session.list({ list: 'map', format: 'json', hosts: false }));
  const short = rows.map(
    (row: { start: number; length: number; owner: number | null; shadows: number[] }) => [
      row.start / K,
      row.length / K,
      row.owner,
      row.shadows,
    ],
  );
  expect(short).toEqual([
    [0, 128, 0, []],
    [128, 64, 1, []],
    [192, 64, 0, []],
    [256, 64, 2, []],
    [320, 192, 0, []],
    [512, 512, null, [0]],
  ]);
  const { sentence, shadowed, owner } = await session.ask('inspect', { offset: 700 * K });
  expect([owner, shadowed]).toEqual([-1, [0]]);
  expect(sentence).toContain('mid.qcow2 ends before this offset');
});

it('reports what was read so far, and leaves the rest unread', async () => {
  const layer: FedLayer = {
    kind: 'isolatedLayer',
    units: 8,
    contexts: { 'base:allocation': new Array(8).fill(0), 'qemu:allocation-depth': new Array(8).fill(1) },
    fed: 3,
  };
  const session = openSession(planFed(layer));
  for (const batch of batchesOf(layer, MIB, 2)) session.feed(0, batch);
  session.send({ kind: 'feedEnded', layer: 0, end: { cancelled: true } });
  const reply = await session.ask('extents', { start: 0, end: 8 * MIB });
  if (reply.tooMany) throw new Error('too many');
  expect([...reply.tracks[1]!.starts].map(start => start / MIB)).toEqual([0, 3]);
  expect([...reply.tracks[1]!.words].map(stateOf)).toEqual(['data', 'unread']);
  await session.until(
    message => message.kind === 'progress' && message.layers.every(({ phase }) => phase === 'cancelled'),
  );
  expect(ofKind(session.messages, 'progress').at(-1)!.layers).toEqual([
    { layer: 0, witness: 'nbd', phase: 'cancelled', covered: 3 * MIB, total: 8 * MIB },
  ]);
  const changed = ofKind(session.messages, 'changed');
  expect(Math.max(...changed.map(({ end }) => end))).toBe(8 * MIB);
});

it('merges the last batch and tells of it although no other follows', async () => {
  const layer: FedLayer = {
    kind: 'rawLayer',
    units: 256,
    contexts: { 'base:allocation': new Array(256).fill(0) },
    fed: 192,
  };
  const session = openSession(planFed(layer));
  await session.until(message => message.kind === 'progress'); // nothing but the feed is left to read
  for (const batch of batchesOf(layer, MIB, 64)) session.feed(0, batch);
  await session.until(message => message.kind === 'changed' && message.end === 192 * MIB);
  const { tiles } = await session.ask('tiles', { level: 20, first: 0, count: 1 });
  expect(tiles[1]!.present.indexOf(presentBits(UNREAD))).toBe(192);
});

it('refuses every batch of a server past the extent budget', () => {
  const layer: FedLayer = {
    kind: 'rawLayer',
    units: 40,
    contexts: { 'base:allocation': Array.from({ length: 40 }, (_, i) => (i % 2) * 3) },
  };
  const session = openSession({ ...planFed(layer), extentBudget: 30 });
  for (const batch of batchesOf(layer, MIB, 20)) session.feed(0, batch);
  expect(ofKind(session.messages, 'batchTaken').map(({ error }) => error?.code)).toEqual([
    undefined,
    'TOO_MANY_EXTENTS',
  ]);
});

it('answers that there are too many extents instead of a message without bounds', async () => {
  const units = 200;
  const layer: FedLayer = {
    kind: 'rawLayer',
    units: units * 64,
    contexts: { 'base:allocation': Array.from({ length: units * 64 }, (_, i) => (i % 2) * 3) },
  };
  const session = openSession({ ...planFed(layer), extentBudget: 100_000 });
  for (const batch of batchesOf(layer, MIB, 5000)) session.feed(0, batch);
  session.send({ kind: 'feedEnded', layer: 0, end: {} });
  expect(await session.ask('extents', { start: 0, end: units * 64 * MIB })).toMatchObject({ tooMany: true });
  expect(await session.ask('extents', { start: 0, end: 2048 * MIB })).toMatchObject({ tooMany: false });
  expect(await session.ask('extents', { start: 0, end: 2049 * MIB })).toMatchObject({ tooMany: true });
});

it('adds a track when a chain turns out deeper, and draws what came before again', async () => {
  const layer: FedLayer = {
    kind: 'wholeChain',
    units: 6,
    contexts: { 'base:allocation': new Array(6).fill(0), 'qemu:allocation-depth': [1, 1, 2, 2, 5, 0] },
  };
  const session = openSession(planFed(layer));
  for (const batch of batchesOf(layer, MIB, 2)) session.feed(0, batch);
  session.send({ kind: 'feedEnded', layer: 0, end: {} });
  expect(ofKind(session.messages, 'tracks').map(({ tracks }) => tracks.length)).toEqual([3, 6]);
  const { tiles } = await session.ask('tiles', { level: 20, first: 0, count: 1 });
  expect(tiles.map(({ track }) => track).sort()).toEqual([0, 1, 2, 3, 4, 5]);
  expect([...tiles[0]!.owners.subarray(0, 6)]).toEqual([4, 4, 3, 3, 0, -1]);
});

it('ends a list that was aborted', async () => {
  const session = openSession(planFiles(goldenPaths));
  session.send({
    kind: 'list',
    id: 77,
    request: { spec: { list: 'qemu-img', compressed: false }, layer: undefined },
  });
  await session.until(message => message.kind === 'chunk');
  session.send({ kind: 'abortList', id: 77 });
  const ended = await session.until(message => message.kind === 'error' && message.id === 77);
  expect(ended).toMatchObject({ error: { code: 'CANCELLED' } });
});

it('stops reading when asked to, and keeps what it has', async () => {
  const session = openSession(planFiles(goldenPaths));
  session.send({ kind: 'cancelReading' });
  expect(
    ofKind(session.messages, 'progress')
      .at(-1)!
      .layers.map(({ phase }) => phase),
  ).toEqual(new Array(3).fill('cancelled'));
  const { tiles } = await session.ask('tiles', { level: 16, first: 0, count: 1 });
  expect(tiles[0]!.present[0]).toBe(presentBits(UNREAD));
});

it('says why a layer cannot be opened', () => {
  const plan = planFiles([goldenPaths[2]!]);
  const [layer] = plan.layers;
  const metadata = { ...layer!.metadata!, snapshotId: 'gone' };
  const snapshotPlan = { ...plan, layers: [{ ...layer!, metadata }] };
  expect(() => openSession(snapshotPlan)).toThrow(/^QCOW2_SNAPSHOT_UNKNOWN: /);
});

it('pauses after the first pages until the first tiles were asked for', async () => {
  const path = join(temporaryFolder(), 'large.qcow2');
  await qemuImg('create', '-q', '-f', 'qcow2', path, '64T');
  const session = openSession(planFiles([path], { interactive: true }));
  const news = () => ofKind(session.messages, 'progress');
  await session.until(message => message.kind === 'progress');
  await sleep(100);
  expect(news().map(({ layers }) => layers[0]?.phase)).toEqual(['reading']);
  await session.ask('tiles', { level: 36, first: 0, count: 4 });
  await session.read();
  expect(news().length).toBeGreaterThan(2);
});

it('reads on when no tiles are asked for', async () => {
  const path = join(temporaryFolder(), 'unseen.qcow2');
  await qemuImg('create', '-q', '-f', 'qcow2', path, '64T');
  const session = openSession(planFiles([path], { interactive: true }));
  await session.read();
  expect(ofKind(session.messages, 'progress')[0]?.layers[0]?.phase).toBe('reading');
});

it('answers while a feed that ended is still being compared, and says that it is done only then', async () => {
  const path = join(temporaryFolder(), 'compared.qcow2');
  await qemuImg('create', '-q', '-f', 'qcow2', path, '64T');
  const contexts = ['base:allocation', 'qemu:allocation-depth'];
  const session = openSession(planFiles([path], {}, { exportKind: 'isolatedLayer', contexts }));
  await session.read();
  const nbdPhase = () => ofKind(session.messages, 'progress').at(-1)?.layers[1]?.phase;
  const length = 64 * 2 ** 40;
  const lists = [statusList(0, [{ length, value: 3 }], true), statusList(1, [{ length, value: 0 }], true)];
  session.feed(0, { offset: 0, covered: length, lists });
  session.send({ kind: 'feedEnded', layer: 0, end: {} });
  const found = await session.ask('seek', { track: 0, from: -1, backwards: false, kind: 'damaged' });
  expect(found).toBe(-1);
  expect(['waiting', 'reading']).toContain(nbdPhase()); // the last push may be older than the feed
  await session.until(
    message => message.kind === 'progress' && message.layers.every(({ phase }) => phase === 'done'),
  );
  expect(ofKind(session.messages, 'batchTaken')).toHaveLength(1);
});

it('tells how a feed ended of which nothing came', async () => {
  const layer: FedLayer = { kind: 'isolatedLayer', units: 4, contexts: { 'base:allocation': [0, 0, 0, 0] } };
  const session = openSession(planFed(layer));
  await sleep(200); // nothing was pushed for a while, so that a push goes out at once
  const error = { code: 'QEMU_START_TIMEOUT', what: 'late', subject: '', advice: '' };
  session.send({ kind: 'feedEnded', layer: 0, end: { error } });
  const told = await session.until(
    message => message.kind === 'progress' && message.layers[0]?.phase === 'failed',
  );
  expect(told).toMatchObject({ layers: [{ layer: 0, witness: 'nbd', phase: 'failed', covered: 0, error }] });
});
