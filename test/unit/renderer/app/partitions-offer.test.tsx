import { act, fireEvent, screen, waitFor, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { clearRecent, openTarget } from '../../../../renderer/state/chain/opening.ts';
import { runCommand } from '../../../../renderer/state/commands/commands.ts';
import { getState } from '../../../../renderer/state/store.ts';
import { ABSENT, HOLE, LOCAL, ZERO } from '../../../../shared/extent/flags.ts';
import type { GuestDisk } from '../../../../shared/model/guest/guest-disk.ts';
import type { LayerInfo } from '../../../../shared/model/layer.ts';
import { ok } from '../../../../shared/result.ts';
import { fakeChain, layerInfo } from '../../../support/window/fake-chain.ts';
import { argsOf, start } from '../../../support/window/fake-window.tsx';

const target = { kind: 'files', files: ['/images/top.qcow2'] } as const;
const MIB = 2 ** 20;

const DISK: GuestDisk = {
  size: 8 * MIB,
  scheme: 'mbr',
  sectorSize: 512,
  sectorSizeFrom: 'table',
  diskId: '',
  isUsable: true,
  partitions: [],
  gaps: [],
  whole: {},
  findings: [],
};

/** The window with one image open that holds these flags in its first cluster and nothing after it. */
async function opened({ flags = LOCAL, size = 8 * MIB, info = {} as Partial<LayerInfo> } = {}) {
  const unallocated = ABSENT | HOLE | ZERO;
  const layer = layerInfo(0, 'top.qcow2', size, info);
  const bridge = start(fakeChain([{ info: layer, starts: [0, 65_536], flags: [flags, unallocated] }]));
  bridge.answer('guest:partitions', () => ok(DISK));
  await openTarget(target);
  await screen.findByRole('region', { name: 'top.qcow2' });
  return bridge;
}

const offer = () => screen.queryByRole('region', { name: 'Partitions of the guest' });
const inspections = (bridge: Parameters<typeof argsOf>[0]) => argsOf(bridge, 'chain:inspect').length;

test('partitions are offered where the first cluster holds data, and nothing of the guest is read before the answer', async () => {
  const bridge = await opened();
  await waitFor(() => expect(offer()).not.toBeNull());
  fireEvent.click(within(offer() as HTMLElement).getByRole('button', { name: 'Read…' }));
  await screen.findByRole('dialog', { name: 'Partitions of the guest' });
  expect(argsOf(bridge, 'guest:partitions')).toEqual([]);
  fireEvent.click(screen.getByRole('button', { name: 'Read them for this image' }));
  await waitFor(() => expect(argsOf(bridge, 'guest:partitions')).toHaveLength(1));
  await waitFor(() => expect(offer()).toBeNull());
  expect(getState().partitionsAnswers).toEqual([{ image: '/images/top.qcow2', reads: true }]);
});

test('an answer is remembered: a second opening of the image does not ask', async () => {
  const bridge = await opened();
  await waitFor(() => expect(offer()).not.toBeNull());
  fireEvent.click(within(offer() as HTMLElement).getByRole('button', { name: 'Never for this image' }));
  expect(offer()).toBeNull();
  const before = inspections(bridge);
  await openTarget(target);
  await screen.findByRole('region', { name: 'top.qcow2' });
  expect([offer(), inspections(bridge), argsOf(bridge, 'guest:partitions')]).toEqual([null, before, []]);
  act(() => runCommand('partitions'));
  fireEvent.click(await screen.findByRole('button', { name: 'Read them for this image' }));
  await waitFor(() => expect(getState().partitions.phase).toBe('read'));
  await openTarget(target);
  await waitFor(() => expect(argsOf(bridge, 'guest:partitions')).toHaveLength(2));
  act(() => runCommand('partitions'));
  expect(getState().partitionsAnswers).toEqual([{ image: '/images/top.qcow2', reads: false }]);
  await clearRecent();
  expect(getState().partitionsAnswers).toEqual([]);
});

const qcow2 = { ...layerInfo(0, 'top.qcow2', MIB).qcow2, encryption: 'luks' } as NonNullable<
  LayerInfo['qcow2']
>;

test.each([
  ['the first cluster is a hole', { flags: LOCAL | HOLE | ZERO }, 1],
  ['nothing is stored in the first cluster', { flags: ABSENT | HOLE | ZERO }, 1],
  ['the disk is too small for a partition', { size: MIB }, 0],
  ['the content is encrypted', { info: { qcow2 } }, 0],
] as const)('no partitions are offered where %s', async (_why, given, asked) => {
  const bridge = await opened(given);
  await waitFor(() => expect(inspections(bridge)).toBe(asked));
  await act(async () => {}); // the answer has come
  expect(offer()).toBeNull();
});
