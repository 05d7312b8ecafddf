import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { openTarget } from '../../../../renderer/state/chain/opening.ts';
import { getState } from '../../../../renderer/state/store.ts';
import { LOCAL } from '../../../../shared/extent/flags.ts';
import type { CheckReply } from '../../../../shared/model/check.ts';
import { makeFinding } from '../../../../shared/model/finding.ts';
import type { BackingLink, LayerInfo } from '../../../../shared/model/layer.ts';
import { fail, ok } from '../../../../shared/result.ts';
import { fakeChain, layerInfo } from '../../../support/window/fake-chain.ts';
import { argsOf, start } from '../../../support/window/fake-window.tsx';

const golden = { kind: 'files', files: ['/images/top.qcow2'] } as const;

test('progress of reading is shown by layer and can be stopped', async () => {
  const bridge = start();
  await openTarget(golden);
  bridge.push('chain:progress', {
    sessionId: 1,
    layers: [
      { layer: 1, witness: 'nbd', phase: 'reading', covered: 41, total: 100 },
      { layer: 0, witness: 'nbd', phase: 'waiting', covered: 0, total: 100 },
    ],
  });
  await screen.findByText(/41 %/);
  fireEvent.click(screen.getByRole('button', { name: 'Cancel' }));
  await waitFor(() => expect(argsOf(bridge, 'chain:cancel')).toEqual([{ sessionId: 1 }]));
});

test.each([
  ['cancelled', 'Continue reading'],
  ['failed', 'Retry'],
] as const)('reading that was %s is continued from the status bar', async (phase, name) => {
  const bridge = start();
  await openTarget(golden);
  bridge.push('chain:progress', {
    sessionId: 1,
    layers: [{ layer: 1, witness: 'nbd', phase, covered: 41, total: 100 }],
  });
  const bar = (await screen.findByText(/what was not read stays unknown/)).closest('footer') as HTMLElement;
  fireEvent.click(within(bar).getByRole('button', { name }));
  await waitFor(() => expect(argsOf(bridge, 'chain:retry')).toEqual([{ sessionId: 1 }]));
});

test('a layer that is drawn from its tables and could not be cross-checked is not called unread', async () => {
  const bridge = start();
  await openTarget(golden);
  const metadata = { layer: 1, witness: 'metadata', phase: 'done', covered: 100, total: 100 } as const;
  const nbd = { layer: 1, witness: 'nbd', phase: 'failed', covered: 0, total: 100 } as const;
  bridge.push('chain:progress', { sessionId: 1, layers: [metadata, nbd] });
  await screen.findByText('Not cross-checked by qemu-nbd');
  expect(screen.queryByText(/what was not read stays unknown/)).toBeNull();
  const unread = { layer: 0, witness: 'nbd', phase: 'failed', covered: 0, total: 100 } as const;
  bridge.push('chain:progress', { sessionId: 1, layers: [metadata, nbd, unread] });
  await screen.findByText(/what was not read stays unknown/);
});

test('reading an encrypted layer again is not offered, since qemu-nbd has no key then either', async () => {
  const bridge = start();
  await openTarget(golden);
  const metadata = { layer: 1, witness: 'metadata', phase: 'done', covered: 100, total: 100 } as const;
  const error = { code: 'QEMU_ENCRYPTED', what: 'the image is encrypted', subject: '', advice: '' };
  const nbd = { layer: 1, witness: 'nbd', phase: 'failed', covered: 0, total: 100, error } as const;
  bridge.push('chain:progress', { sessionId: 1, layers: [metadata, nbd] });
  const bar = (await screen.findByText('Not cross-checked by qemu-nbd')).closest('footer') as HTMLElement;
  expect(within(bar).queryByRole('button', { name: 'Retry' })).toBeNull();
});

test('the images are checked from the status bar, and the worst verdict of the layers stays there', async () => {
  const bridge = start();
  await openTarget(golden);
  bridge.answer('chain:check', ({ layer }) =>
    ok(
      layer === 0
        ? { checked: false, why: 'it is not read by its own tables', missing: false }
        : { checked: true, check: { layer, verdict: layer === 2 ? 'leaks' : 'clean', steps: [] } },
    ),
  );
  fireEvent.click(screen.getByRole('button', { name: 'Check' }));
  const button = await screen.findByRole('button', { name: 'Checked: leaks' });
  expect(argsOf(bridge, 'chain:check')).toEqual(
    [2, 1, 0].map(layer => ({ sessionId: 1, layer, deep: false })),
  );
  expect(button.title).toContain('1 layer has no tables to check');
  expect(getState().announcement).toBe('Checked: leaks');
});

const opened: BackingLink = { recorded: 'x', recordedFormat: '', resolved: '/images/x', status: 'opened' };
const missing: BackingLink = { ...opened, status: 'missing' };
const raw = { format: 'raw', clusterSize: 1 } as const;
const LOST: CheckReply = { checked: false, why: 'its header is lost', missing: true };
const WITHOUT: CheckReply = { checked: false, why: 'it is not read by its own tables', missing: false };

test.each<[string, string, Partial<LayerInfo>, CheckReply | undefined, string[]]>([
  ['of a sound chain', 'clean', {}, undefined, []],
  ['over a raw disk', 'clean', raw, WITHOUT, []],
  ['over a file that has lost its header', 'incomplete', raw, LOST, []],
  ['whose data file is there', 'clean', { dataFile: opened }, undefined, []],
  ['whose data file is missing', 'incomplete', { dataFile: missing }, undefined, []],
  ['whose base has no recorded format', 'incomplete', {}, undefined, ['CHAIN_FORMAT_BY_CONTENT']],
])('the check %s ends as %s, as on the command line', async (_what, verdict, base, reply, codes) => {
  const layers = [layerInfo(0, 'base', 2 ** 20, base), layerInfo(1, 'top.qcow2', 2 ** 20)];
  const bridge = start(fakeChain(layers.map(info => ({ info, starts: [0], flags: [LOCAL] }))));
  await openTarget(golden);
  for (const code of codes)
    bridge.find(makeFinding({ code, severity: 'hazard', layer: 0, what: 'two readings' }));
  const clean = (layer: number): CheckReply => ({
    checked: true,
    check: { layer, verdict: 'clean', steps: [] },
  });
  bridge.answer('chain:check', ({ layer }) => ok(layer === 0 && reply !== undefined ? reply : clean(layer)));
  fireEvent.click(screen.getByRole('button', { name: 'Check' }));
  expect(await screen.findByRole('button', { name: `Checked: ${verdict}` })).toBeTruthy();
});

test('a check that fails says why, and can be asked for again', async () => {
  const bridge = start();
  await openTarget(golden);
  const error = { code: 'QCOW2_READ_FAILED', what: 'gone', subject: '/images/top.qcow2', advice: '' };
  bridge.answer('chain:check', () => ({ ok: false, error }));
  fireEvent.click(screen.getByRole('button', { name: 'Check' }));
  await waitFor(() => expect(getState().error).toEqual(error));
  expect(screen.getByRole('button', { name: 'Check' })).toBeTruthy();
});

const done = (layer: number) =>
  ({ layer, witness: 'metadata', phase: 'done', covered: 1, total: 1 }) as const;

test('a chain is checked once by itself when it is read, where its tables are few', async () => {
  const bridge = start();
  await openTarget(golden);
  for (const phase of ['reading', 'cancelled'] as const)
    bridge.push('chain:progress', { sessionId: 1, layers: [{ ...done(0), phase }, done(1)] });
  expect(argsOf(bridge, 'chain:checkCost')).toEqual([]);
  bridge.answer('chain:checkCost', () => ok({ bytes: 2 ** 20 }));
  bridge.push('chain:progress', { sessionId: 1, layers: [done(0), done(1)] });
  await screen.findByRole('button', { name: /^Checked: / });
  expect(argsOf(bridge, 'chain:check')).toHaveLength(3);
  bridge.push('chain:progress', { sessionId: 1, layers: [done(0), done(1)] });
  expect(argsOf(bridge, 'chain:check')).toHaveLength(3);
});

test.each([
  ['a full disk of 1 TiB in clusters of 64 KiB begins by itself', 2048 + 513, 3],
  ['two of them is offered', 2 * (2048 + 513), 0],
])('the check of the tables of %s', async (_what, tables, checked) => {
  const bridge = start();
  await openTarget(golden);
  bridge.answer('chain:checkCost', ({ layer }) => ok({ bytes: layer === 0 ? tables * 65_536 : 0 }));
  bridge.push('chain:progress', { sessionId: 1, layers: [done(0), done(1)] });
  await screen.findByRole('button', {
    name: checked > 0 ? /^Checked: / : /^Check \(reads 320\.1\d MiB of tables\)$/,
  });
  expect(argsOf(bridge, 'chain:check')).toHaveLength(checked);
});

test('the check of large tables is offered with what it reads, shows how far it is, and can be stopped', async () => {
  const bridge = start();
  bridge.answer('chain:checkCost', () => ok({ bytes: 2 ** 30 }));
  bridge.answer('chain:checkProgress', () => ok({ bytes: 2 ** 29 }));
  let stop = (): void => {};
  bridge.answer(
    'chain:check',
    () =>
      new Promise(resolve => {
        stop = () => resolve(fail({ code: 'CANCELLED', what: 'stopped', subject: '', advice: '' }));
      }),
  );
  bridge.answer('chain:stopCheck', () => {
    stop();
    return ok(null);
  });
  await openTarget({ kind: 'files', files: ['/images/large.qcow2'] });
  bridge.push('chain:progress', { sessionId: 1, layers: [done(0)] });
  fireEvent.click(await screen.findByRole('button', { name: 'Check (reads 3 GiB of tables)' }));
  await screen.findByText(/512 MiB of about 1 GiB/);
  fireEvent.click(screen.getByRole('button', { name: 'Cancel' }));
  await screen.findByRole('button', { name: 'Check (reads 3 GiB of tables)' });
  expect(getState().error).toBeUndefined();
});

test('a check goes on where a layer’s track changes meanwhile', async () => {
  const bridge = start();
  await openTarget(golden);
  bridge.answer('chain:checkCost', () => {
    const tracks = getState().chain?.tracks ?? [];
    bridge.push('chain:tracks', { sessionId: 1, tracks: [...tracks] });
    return ok({ bytes: 0 });
  });
  fireEvent.click(screen.getByRole('button', { name: 'Check' }));
  expect(await screen.findByRole('button', { name: /^Checked: / })).toBeTruthy();
});

test('a check of all data is offered with what it reads, says how fast it is, and compares once qemu-nbd has read', async () => {
  const bridge = start();
  await openTarget(golden);
  bridge.answer('chain:checkCost', ({ deep }) => ok({ bytes: deep === true ? 2 ** 30 : 2 ** 20 }));
  bridge.answer('chain:checkProgress', () => ok({ bytes: 2 ** 29 }));
  let finish = (): void => {};
  bridge.answer('chain:check', async ({ layer, deep }) => {
    if (layer === 2) await new Promise<void>(resolve => (finish = resolve));
    return ok({
      checked: true,
      check: {
        layer,
        verdict: 'clean',
        steps: [{ name: `deep: ${deep}`, done: true, why: '', missing: false }],
      },
    });
  });
  bridge.answer('chain:compareWitnesses', () =>
    ok([0, 1, 2].map(layer => ({ name: 'compared', done: layer > 0, why: '', missing: layer === 0 }))),
  );
  const nbd = (phase: 'reading' | 'done') => ({ ...done(1), witness: 'nbd', phase }) as const;
  bridge.push('chain:progress', { sessionId: 1, layers: [nbd('reading')] });
  fireEvent.keyDown(window, { key: '3' });
  const offer = await screen.findByRole('group', { name: 'All data' });
  await within(offer).findByText(/about 3 GiB/);
  fireEvent.click(within(offer).getByRole('button', { name: 'Check all data' }));
  await screen.findByText(/512 MiB of about 1 GiB · .*\/s/);
  finish();
  await screen.findByText('Comparing with qemu-nbd');
  expect(argsOf(bridge, 'chain:compareWitnesses')).toEqual([]);
  bridge.push('chain:progress', { sessionId: 1, layers: [nbd('done')] });
  await screen.findByRole('button', { name: 'Checked with all data: incomplete' });
  expect(argsOf(bridge, 'chain:check')).toEqual(
    [2, 1, 0].map(layer => ({ sessionId: 1, layer, deep: true })),
  );
  expect(screen.getAllByText(/deep: true/)).toHaveLength(3);
  expect(screen.queryByRole('group', { name: 'All data' })).toBeNull();
});

test('a check of all data that is stopped leaves what an earlier check came to', async () => {
  const bridge = start();
  await openTarget(golden);
  bridge.answer('chain:checkCost', () => ok({ bytes: 2 ** 20 }));
  fireEvent.click(screen.getByRole('button', { name: 'Check' }));
  const before = (await screen.findByRole('button', { name: /^Checked: / })).textContent as string;
  bridge.answer('chain:check', () => fail({ code: 'CANCELLED', what: 'stopped', subject: '', advice: '' }));
  fireEvent.keyDown(window, { key: '3' });
  fireEvent.click(await screen.findByRole('button', { name: 'Check all data' }));
  expect(await screen.findByRole('button', { name: before })).toBeTruthy();
  expect(getState().error).toBeUndefined();
});

test('a raw file, which has no tables, is neither checked nor said to be free of damage', async () => {
  const { qcow2: _, ...info } = layerInfo(0, 'disk.img', 2 ** 20, { format: 'raw', clusterSize: 1 });
  start(fakeChain([{ info, starts: [0], flags: [LOCAL] }]));
  await openTarget({ kind: 'files', files: ['/images/disk.img'] });
  const bar = await screen.findByRole('contentinfo');
  expect(await within(bar).findByRole('button', { name: 'No findings' })).toBeTruthy();
  expect(within(bar).queryByRole('button', { name: /^Check/ })).toBeNull();
  const findings = await screen.findByRole('region', { name: 'Findings' });
  expect(findings.textContent).toContain('A raw file has no tables to see damage in.');
});
