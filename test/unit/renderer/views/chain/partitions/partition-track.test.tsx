import { act, fireEvent, screen, waitFor, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { openTarget } from '../../../../../../renderer/state/chain/opening.ts';
import { runCommand } from '../../../../../../renderer/state/commands/commands.ts';
import { getAxis, getState } from '../../../../../../renderer/state/store.ts';
import { makeFinding } from '../../../../../../shared/model/finding.ts';
import type { GuestDisk } from '../../../../../../shared/model/guest/guest-disk.ts';
import { fail, ok } from '../../../../../../shared/result.ts';
import { argsOf, start } from '../../../../../support/window/fake-window.tsx';

const golden = { kind: 'files', files: ['/images/top.qcow2'] } as const;
const K64 = 65_536;

const DISK: GuestDisk = {
  size: 2 ** 20,
  scheme: 'gpt',
  sectorSize: 512,
  sectorSizeFrom: 'table',
  diskId: '',
  isUsable: true,
  partitions: [
    {
      number: 1,
      kind: 'gpt',
      start: K64,
      length: 4 * K64,
      type: 'x',
      typeName: 'EFI system',
      name: 'boot\u202e<b>',
      uuid: '',
    },
    {
      number: 2,
      kind: 'gpt',
      start: 5 * K64,
      length: 2 * K64,
      type: 'x',
      typeName: '',
      name: '',
      uuid: '',
      content: { type: 'ext4', label: 'root', uuid: '', also: [] },
    },
  ],
  gaps: [
    [0, K64],
    [7 * K64, 9 * K64],
  ],
  whole: {},
  findings: [],
};

/** The window with an open chain whose partitions can be read. */
async function opened() {
  const bridge = start();
  bridge.answer('guest:partitions', () => ok(DISK));
  await openTarget(golden);
  await screen.findByRole('heading', { level: 2, name: 'Guest' });
  return bridge;
}

test('nothing of the guest is read before a person allowed it, and then it is shown above the axis', async () => {
  const bridge = await opened();
  expect(screen.queryByRole('region', { name: 'Partitions' })).toBeNull();
  act(() => runCommand('partitions'));
  const dialog = await screen.findByRole('dialog', { name: 'Partitions of the guest' });
  expect(argsOf(bridge, 'guest:partitions')).toEqual([]);
  fireEvent.click(within(dialog).getByRole('button', { name: 'Read them for this image' }));
  const track = await screen.findByRole('region', { name: 'Partitions' });
  expect(argsOf(bridge, 'guest:partitions')).toEqual([{ sessionId: 1 }]);
  const names = within(track)
    .getAllByRole('button')
    .map(button => button.textContent);
  expect(names).toEqual([
    'GPT',
    'no partition',
    '1 · EFI system · boot\\u{202e}<b> · 256 KiB',
    '2 · ext4 · root · 128 KiB',
    'no partition',
  ]);
  expect(screen.queryByRole('dialog')).toBeNull();
  const other = { kind: 'files', files: ['/images/other.qcow2'] } as const;
  await openTarget(other);
  await waitFor(() => expect(screen.queryByRole('region', { name: 'Partitions' })).toBeNull());
  expect(argsOf(bridge, 'guest:partitions')).toHaveLength(1);
});

test('what was allowed for every image is read when one is opened, until that is taken back', async () => {
  const bridge = await opened();
  act(() => runCommand('partitions'));
  fireEvent.click(await screen.findByRole('button', { name: 'Read them for every image' }));
  await screen.findByRole('region', { name: 'Partitions' });
  await openTarget(golden);
  await waitFor(() => expect(argsOf(bridge, 'guest:partitions')).toHaveLength(2));
  await screen.findByRole('region', { name: 'Partitions' });
  act(() => runCommand('partitions'));
  fireEvent.click(await screen.findByRole('button', { name: 'Ask again from now on' }));
  await openTarget(golden);
  await waitFor(() => expect(screen.queryByRole('region', { name: 'Partitions' })).toBeNull());
  expect(argsOf(bridge, 'guest:partitions')).toHaveLength(2);
});

test('a click on a partition, and its number in the field, show where it lies', async () => {
  await opened();
  const field = await screen.findByLabelText('Go to offset');
  const type = (value: string) => {
    fireEvent.change(field, { target: { value } });
    fireEvent.submit(field);
  };
  type('partition 2');
  expect((await screen.findByRole('alert')).textContent).toContain('The partitions have not been read.');
  fireEvent.click(screen.getByRole('button', { name: 'Partitions of the guest…' }));
  fireEvent.click(await screen.findByRole('button', { name: 'Read them for this image' }));
  const track = await screen.findByRole('region', { name: 'Partitions' });
  type('part 7');
  expect((await screen.findByRole('alert')).textContent).toBe('There is no partition 7.');
  type('partition 2');
  await waitFor(() => expect(getState().selection?.offset).toBe(5 * K64));
  fireEvent.click(within(track).getByRole('button', { name: /^1 · EFI/ }));
  await waitFor(() => expect(getState().selection?.offset).toBe(K64));
  await waitFor(() => expect(getAxis('guest').viewport.end).toBeLessThan(8 * K64));
  expect((await screen.findByText('Partition')).nextElementSibling?.textContent).toBe(
    'partition 1 (EFI system)',
  );
});

test('a finding says in which partition it lies', async () => {
  const bridge = await opened();
  const guest = [
    [5 * K64, K64],
    [7 * K64, K64],
  ] as const;
  bridge.find(makeFinding({ code: 'QCOW2_PAST_END', severity: 'corruption', what: 'lost', layer: 2, guest }));
  act(() => runCommand('partitions'));
  fireEvent.click(await screen.findByRole('button', { name: 'Read them for this image' }));
  expect(
    await screen.findByText('in partition 2 (ext4), 1 cluster; in no partition, 1 cluster'),
  ).not.toBeNull();
});

test('what could not be read leaves the window as it was, with the error', async () => {
  const bridge = await opened();
  const error = { code: 'CONTENT_READ_FAILED', what: 'reading failed', subject: '', advice: '' };
  bridge.answer('guest:partitions', () => fail(error));
  act(() => runCommand('partitions'));
  fireEvent.click(await screen.findByRole('button', { name: 'Read them for this image' }));
  await waitFor(() => expect(getState().error).toEqual(error));
  expect(getState().partitions).toEqual({ phase: 'none' });
});
