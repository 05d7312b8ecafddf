import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { openTarget } from '../../../../../renderer/state/chain/opening.ts';
import { marksOf, requestMarks } from '../../../../../renderer/state/finding-marks.ts';
import { showInHostLayout } from '../../../../../renderer/state/host/host-layout.ts';
import { selectAt } from '../../../../../renderer/state/selection/selection.ts';
import { getAxis, getState, setAxis } from '../../../../../renderer/state/store.ts';
import { LOCAL } from '../../../../../shared/extent/flags.ts';
import { makeFinding } from '../../../../../shared/model/finding.ts';
import type { HostCluster } from '../../../../../shared/model/layout.ts';
import { ok } from '../../../../../shared/result.ts';
import { fakeChain, layerInfo } from '../../../../support/window/fake-chain.ts';
import { argsOf, start } from '../../../../support/window/fake-window.tsx';

const K64 = 65_536;
const golden = { kind: 'files', files: ['/images/top.qcow2'] } as const;

/** A cluster that two entries refer to. */
const shared: HostCluster = {
  start: 5 * K64,
  length: K64,
  kind: 'data',
  refcount: 1,
  references: 2,
  users: [2, 18].map(entry => ({
    kind: 'data' as const,
    what: `data of entry ${entry} of the L2 table at 0x40000`,
    table: 4 * K64,
    entry,
    places: [{ l1Index: 0, start: entry * K64, length: K64 }],
  })),
};

async function opened() {
  const bridge = start();
  await openTarget(golden);
  await screen.findByRole('heading', { level: 1 });
  return bridge;
}

test('the file of the top layer is mapped when the view is shown first, with an account of its bytes', async () => {
  const bridge = await opened();
  fireEvent.keyDown(window, { key: '2' });
  await screen.findByRole('region', { name: 'The file' });
  expect(argsOf(bridge, 'chain:hostLayout')).toEqual([{ sessionId: 1, layer: 2 }]);
  const { map } = getState().host;
  if (map.phase !== 'mapped') throw new Error('not mapped');
  const { sums, fileLength } = map.layout;
  expect(Object.values(sums).reduce((sum, bytes) => sum + bytes, 0)).toBe(fileLength);
  expect(getAxis('host').size).toBe(fileLength);
  expect(screen.getByRole('region', { name: /Legend/ }).textContent).toContain('L2 tables');
});

test('findings are marked along the file that is shown', async () => {
  const bridge = await opened();
  bridge.find(makeFinding({ code: 'X', severity: 'hazard', layer: 2, what: 'x', host: [[K64, K64]] }));
  fireEvent.keyDown(window, { key: '2' });
  await screen.findByRole('region', { name: 'The file' });
  setAxis('host', { width: 20 });
  await requestMarks('file');
  const { size } = getAxis('host');
  const asked = argsOf(bridge, 'chain:hostFindingMarks').at(-1);
  expect(asked).toEqual({ sessionId: 1, layer: 2, start: 0, end: size, columns: 20 });
  const marks = marksOf('file', 2);
  expect(marks.map(({ mark }) => mark)).toEqual([2]);
  expect(marks[0]!.start).toBeLessThanOrEqual(K64);
  expect(marks[0]!.end).toBeGreaterThanOrEqual(2 * K64);
  expect(document.querySelectorAll('canvas.finding-ticks')).toHaveLength(2); // the strip, and the whole file
});

test('another layer is chosen, and one without tables says why it has no layout', async () => {
  const bridge = await opened();
  bridge.answer('chain:hostLayout', ({ layer }) =>
    ok({ mapped: false, why: `layer ${layer} has no tables` }),
  );
  fireEvent.keyDown(window, { key: '2' });
  await screen.findByText('This file has no layout: layer 2 has no tables.');
  fireEvent.change(screen.getByRole('combobox', { name: /File of layer/ }), { target: { value: '0' } });
  expect(await screen.findByText('This file has no layout: layer 0 has no tables.')).toBeTruthy();
});

test('a cluster shows who refers to it, is selected on the guest’s disk, and leads to each of its places', async () => {
  const bridge = await opened();
  bridge.answer('chain:hostCluster', () => ok(shared));
  await showInHostLayout(2, 5 * K64);
  const cluster = await screen.findByRole('region', { name: 'Cluster' });
  await waitFor(() => expect(cluster.textContent).toContain('2 references: they do not agree'));
  expect(cluster.textContent).toContain('data of entry 18 of the L2 table at 0x40000');
  expect(getState().selection).toMatchObject({ track: 1, offset: 2 * K64 });
  fireEvent.click(within(cluster).getByRole('button', { name: 'guest 0x0012_0000, 64 KiB' }));
  await screen.findByRole('heading', { level: 2, name: 'Guest' });
  await waitFor(() => expect(getState().selection).toMatchObject({ track: 1, offset: 18 * K64 }));
});

test('a selected guest offset is shown in the file, and the inspector leads there', async () => {
  const bridge = await opened();
  await selectAt({ track: 1, offset: 2 * K64 });
  const host = getState().inspection?.layers.find(({ layer }) => layer === 2)?.hostOffset ?? -1;
  expect(host).toBeGreaterThan(0);
  fireEvent.click(await screen.findByRole('button', { name: 'Show in host layout' }));
  await waitFor(() => expect(getState().host.chosen?.cluster?.start).toBe(host));
  expect(argsOf(bridge, 'chain:hostCluster')).toEqual([{ sessionId: 1, layer: 2, offset: host }]);
  expect(getState().host.chosen?.cluster?.users[0]?.places?.[0]?.start).toBe(2 * K64);
});

test('a place past the end of the file is said to lie there, and nothing is chosen in its stead', async () => {
  await opened();
  await showInHostLayout(2, 2 ** 40);
  expect(getState().message).toMatch(/^The file ends at 0x/);
  expect(getState().host.chosen).toBeUndefined();
});

test('the next region of a kind is chosen, and after the last one the first again', async () => {
  const bridge = await opened();
  fireEvent.keyDown(window, { key: '2' });
  const next = await screen.findByRole('button', { name: 'Next: header' });
  fireEvent.click(next);
  await waitFor(() => expect(getState().host.chosen?.cluster?.start).toBe(0));
  fireEvent.click(next);
  await waitFor(() => expect(argsOf(bridge, 'chain:hostSeek')).toHaveLength(3));
  expect(argsOf(bridge, 'chain:hostSeek').at(-1)).toMatchObject({ from: -1 });
});

test('keys and the go-to field act on the file while its layout is shown', async () => {
  const bridge = await opened();
  fireEvent.keyDown(window, { key: '2' });
  await screen.findByRole('region', { name: 'The file' });
  const field = screen.getByRole('textbox', { name: 'Go to offset' });
  fireEvent.change(field, { target: { value: 'cluster 2' } });
  fireEvent.submit(field);
  await waitFor(() => expect(getState().host.chosen?.cluster?.start).toBe(2 * K64));
  fireEvent.keyDown(window, { key: ']' });
  await waitFor(() => expect(getState().host.chosen?.cluster?.start).toBe(3 * K64));
  fireEvent.keyDown(window, { key: 'Escape' });
  expect(getState().host.chosen).toBeUndefined();
  fireEvent.keyDown(window, { key: '[' });
  expect(getState().message).toBe('The file has no further cluster');
  expect(argsOf(bridge, 'chain:inspect')).toEqual([]);
});

test('the status bar shows the offset in the file while its layout is shown, not that on the guest’s disk', async () => {
  await opened();
  await selectAt({ track: 1, offset: 2 * K64 });
  const cursor = () => document.querySelector('.status-cursor')?.textContent;
  await waitFor(() => expect(cursor()).toBe('0x0002_0000'));
  fireEvent.keyDown(window, { key: '2' });
  await screen.findByRole('region', { name: 'The file' });
  await waitFor(() => expect(cursor()).toBe(''));
  await showInHostLayout(2, 3 * K64);
  await waitFor(() => expect(cursor()).toBe('0x0003_0000'));
});

test.each([
  ['raw', 'A raw file has no tables: the offsets of the disk are those of the file.'],
  ['nbd', 'The export of a server has no layout: the file behind it is not known.'],
] as const)('a layer that is %s says why it has no layout, and has no legend', async (format, text) => {
  const { qcow2: _, ...info } = layerInfo(0, 'disk.img', 2 ** 20, { format, clusterSize: 1 });
  const bridge = start(fakeChain([{ info, starts: [0], flags: [LOCAL] }]));
  bridge.answer('chain:hostLayout', () => ok({ mapped: false, why: 'it is not read by its own tables' }));
  await openTarget(golden);
  fireEvent.keyDown(window, { key: '2' });
  expect(await screen.findByText(text)).toBeTruthy();
  expect(screen.queryByRole('region', { name: /^Legend/ })).toBeNull();
});
