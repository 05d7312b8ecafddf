/** The engine checks a layer, and what is found is among its findings. */
import { writeSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadDeepOptions } from '../../../../electron/engine/worker/decompress.ts';
import { fileSource } from '../../../../electron/qcow2/read/file-source.ts';
import { makeFinding } from '../../../../shared/model/finding.ts';
import { ALL_FINDINGS, codesOf } from '../../../support/findings.ts';
import { pokeU32, pokeU64 } from '../../../support/images/qcow2-builder.ts';
import { openSession, planFiles } from '../../../support/merge-session.ts';
import { buildImage } from '../../../support/qcow2-reading.ts';
import { statusList } from '../../../support/status-lists.ts';
import { run } from '../../../support/tools.ts';

test('a check finds what a map does not show, and each cause is listed once', async () => {
  const base = buildImage({ size: 2 ** 20, clusters: [{ index: 1, kind: 'data' }] });
  const top = buildImage({ size: 2 ** 20, clusters: () => 'data' });
  const l2 = top.l2Offsets.get(0) as number;
  pokeU64(top.source.fd, l2 + 8, 1n << 40n); // past the end, which the map shows too
  pokeU64(top.source.fd, l2 + 16, (1n << 63n) | BigInt(l2)); // its own table
  const session = openSession(planFiles([base.path, top.path], { buildPyramid: false }));
  await session.ask('totals', {}); // reads all pages
  expect(codesOf((await session.ask('findings', ALL_FINDINGS)).findings)).toEqual(['QCOW2_PAST_END']);
  const base0 = await session.ask('check', { layer: 0 });
  expect(base0).toMatchObject({ checked: true, check: { verdict: 'clean' } });
  const left = base0.checked ? base0.check.steps.filter(({ done }) => !done) : [];
  expect(left.map(({ name, byDeepCheck }) => [name, byDeepCheck])).toEqual([
    ['compressed data', true],
    ['reading of all data', true],
    ['comparison with qemu-nbd', true],
  ]);
  const reply = await session.ask('check', { layer: 1 });
  expect(reply).toMatchObject({ check: { layer: 1, verdict: 'corrupt', counts: { leaks: 2 } } });
  const { findings } = await session.ask('findings', ALL_FINDINGS);
  expect(codesOf(findings).sort()).toEqual([
    'QCOW2_DATA_ON_METADATA',
    'QCOW2_LEAKED',
    'QCOW2_LIKELY_CAUSE',
    'QCOW2_PAST_END',
    'QCOW2_REFCOUNT_LOW',
  ]);
  await session.ask('check', { layer: 1 });
  expect((await session.ask('findings', ALL_FINDINGS)).total).toBe(5);
});

test('data of the layers below that shows under a wiped table is named, as far as that was lost', async () => {
  const data = (...indexes: number[]) => indexes.map(index => ({ index, kind: 'data' as const }));
  const size = 2 ** 30;
  const base = buildImage({ size, clusters: data(8192, 8193, 9000) });
  const middle = buildImage({ size, clusters: data(9000) });
  const top = buildImage({ size, clusters: data(0, 8192) });
  const wipe = () => writeSync(top.source.fd, new Uint8Array(65_536), 0, 65_536, top.l2Offsets.get(1));
  const shown = async () => {
    const session = openSession(planFiles([base.path, middle.path, top.path], { buildPyramid: false }));
    await session.ask('check', { layer: 2 });
    const { findings } = await session.ask('findings', ALL_FINDINGS);
    return findings.filter(({ code }) => code === 'CHAIN_OLD_DATA');
  };
  expect(await shown()).toEqual([]);
  wipe();
  const [found, ...others] = await shown();
  expect(others).toEqual([]);
  expect(found).toMatchObject({
    layer: 2,
    causedBy: 'QCOW2_L2_EMPTY',
    count: 2,
    guest: [
      [8192 * 65_536, 2 * 65_536],
      [9000 * 65_536, 65_536],
    ],
  });
  expect(found?.what).toMatch(
    /^data of the layers below shows in the range of the empty table: 128 KiB of ".*" at 0x2000_0000, 64 KiB of ".*" at 0x2328_0000; at most 64 KiB of that is old data/,
  );
});

test('a check says what qemu-img check says where that counts nothing of the image', async () => {
  const { path, source, bitmapDirectoryOffset } = buildImage({
    size: 2 ** 20,
    bitmaps: [{ name: 'backup', dirty: [[0, 2 ** 16]] }],
  });
  const refusal = async () => {
    const reply = await openSession(planFiles([path], { buildPyramid: false })).ask('check', { layer: 0 });
    return reply.checked ? reply.check.qemuRefusal : reply.why;
  };
  expect(await refusal()).toBeUndefined();
  pokeU32(source.fd, bitmapDirectoryOffset + 20, 8); // extra data, which no version of qemu knows
  const said = await refusal();
  const { stderr } = await run('qemu-img', ['check', path]);
  expect(stderr).toContain(said);
  expect(said).not.toBe('');
});

test('a layer that is read over NBD, or whose snapshot is shown, is not checked', async () => {
  const { path } = buildImage({ size: 2 ** 20, snapshots: [{ id: '1', name: 'one' }] });
  const plan = planFiles([path], { buildPyramid: false });
  const raw = {
    title: 'raw',
    size: 2 ** 20,
    clusterSize: 1,
    nbd: { exportKind: 'rawLayer' as const, contexts: [] },
  };
  const layers = plan.layers.map(layer =>
    layer.metadata === undefined ? layer : { ...layer, metadata: { ...layer.metadata, snapshotId: '1' } },
  );
  const session = openSession({ ...plan, layers: [...layers, raw] });
  expect(await session.ask('check', { layer: 0 })).toMatchObject({ checked: false, missing: true });
  expect(await session.ask('check', { layer: 1 })).toMatchObject({ checked: false, missing: false });
  const lost = makeFinding({
    code: 'CHAIN_HEADER_LOST',
    severity: 'hazard',
    layer: 1,
    what: 'it has no header',
  });
  session.send({ kind: 'chainFindings', findings: [lost] });
  expect(await session.ask('check', { layer: 1 })).toMatchObject({
    why: 'its header is lost',
    missing: true,
  });
  await expect(session.ask('check', { layer: 2 })).rejects.toMatchObject({ code: 'LAYER_UNKNOWN' });
});

test('a newer question ends a long check', async () => {
  const { path } = buildImage({
    size: 2 ** 33,
    clusterBits: 9,
    clusters: index => (index < 2 ** 20 ? 'zeroHole' : 'unallocated'),
  });
  const session = openSession(planFiles([path], { buildPyramid: false }));
  const first = session.ask('check', { layer: 0 });
  const second = session.ask('check', { layer: 0 });
  await expect(first).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(await second).toMatchObject({ checked: true, check: { verdict: 'clean' } });
});

test('the cost of a check is known before it, its progress while it runs, and it can be stopped', async () => {
  const { path } = buildImage({
    size: 2 ** 33,
    clusterBits: 9,
    clusters: index => (index < 2 ** 20 ? 'zeroHole' : 'unallocated'),
  });
  const session = openSession(planFiles([path], { buildPyramid: false }));
  const { bytes } = await session.ask('checkCost', { layer: 0 });
  expect(bytes).toBeGreaterThanOrEqual(2 ** 23); // 8 bytes for each of 2^20 clusters
  expect(bytes).toBeLessThan(2 ** 24);
  const check = session.ask('check', { layer: 0 });
  await session.ask('stopCheck', {});
  await expect(check).rejects.toMatchObject({ code: 'CANCELLED' });
  await session.ask('check', { layer: 0 });
  const read = (await session.ask('checkProgress', {})).bytes;
  expect(read).toBeGreaterThanOrEqual(bytes);
});

test('a deep check of a layer decompresses its streams, and costs what its file holds on the disk', async () => {
  const { path, source, l2Offsets } = buildImage({
    size: 2 ** 20,
    clusters: [{ index: 3, kind: 'compressed', content: new Uint8Array(65_536).fill(1) }],
  });
  pokeU64(source.fd, (l2Offsets.get(0) as number) + 65_536, -1n);
  const open = () => openSession(planFiles([path], { buildPyramid: false }), fileSource, loadDeepOptions);
  const session = open();
  expect(await session.ask('checkCost', { layer: 0, deep: true })).toEqual({ bytes: source.bytesOnDisk() });
  expect(await session.ask('check', { layer: 0 })).toMatchObject({ check: { verdict: 'clean' } });
  expect(await session.ask('check', { layer: 0, deep: true })).toMatchObject({
    check: { verdict: 'corrupt' },
  });
  const { findings } = await session.ask('findings', ALL_FINDINGS);
  expect(findings).toMatchObject([{ code: 'QCOW2_STREAM_DAMAGED', guest: [[3 * 65_536, 65_536]] }]);
});

test('both witnesses are compared when that is asked for, and what one of them did not read is missing', async () => {
  const size = 2 ** 20;
  const { path } = buildImage({ size, clusters: [{ index: 0, kind: 'data' }] });
  const contexts = ['base:allocation', 'qemu:allocation-depth'];
  const plan = planFiles([path, path], { buildPyramid: false }, { exportKind: 'isolatedLayer', contexts });
  const alone = planFiles([path], { buildPyramid: false }).layers.map(layer => ({
    ...layer,
    notServed: 'alone',
  }));
  const session = openSession({ ...plan, layers: [...plan.layers, ...alone] });
  const all = (value: number) => [{ length: size, value }];
  const lists = [statusList(0, all(0)), statusList(1, all(1))];
  session.feed(0, { offset: 0, covered: size, lists });
  session.send({ kind: 'feedEnded', layer: 0, end: {} });
  expect((await session.ask('findings', { skip: 0, most: 100 })).findings).toEqual([]);
  expect(await session.ask('compareWitnesses', {})).toMatchObject([
    { done: true },
    { done: false, missing: true, why: 'qemu-nbd did not read all of it' },
    { done: false, missing: false, why: 'alone' },
  ]);
  const { findings } = await session.ask('findings', ALL_FINDINGS);
  expect(findings).toMatchObject([{ code: 'WITNESSES_DIFFER', layer: 0, guest: [[65_536, size - 65_536]] }]);
});

test('the check of a captured layer says that the capture holds no data', async () => {
  const { path } = buildImage({ size: 2 ** 20, clusters: () => 'data' });
  const session = openSession(planFiles([path], { buildPyramid: false }), handle => ({
    ...fileSource(handle),
    heldUpTo: () => Number.POSITIVE_INFINITY,
  }));
  const reply = await session.ask('check', { layer: 0 });
  if (!reply.checked) throw new Error(reply.why);
  const left = reply.check.steps.filter(({ why }) => why === 'a capture holds nothing of that');
  expect(left.map(({ name }) => name)).toEqual([
    'compressed data',
    'reading of all data',
    'clusters that nothing refers to',
    'comparison with qemu-nbd',
  ]);
});
