import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { openTarget } from '../../../../renderer/state/chain/opening.ts';
import { nameOrIdOf, titleOf } from '../../../../renderer/state/chain/snapshots.ts';
import { runCommand } from '../../../../renderer/state/commands/commands.ts';
import { getAxis, setAxis } from '../../../../renderer/state/store.ts';
import { findSnapshot, type LayerInfo, type SnapshotInfo } from '../../../../shared/model/layer.ts';
import type { OpenTarget } from '../../../../shared/model/target.ts';
import { ok } from '../../../../shared/result.ts';
import { type FakeChain, goldenChain } from '../../../support/window/fake-chain.ts';
import { argsOf, start } from '../../../support/window/fake-window.tsx';

const K64 = 65_536;

function snapshot(id: string, name: string, more: Partial<SnapshotInfo> = {}): SnapshotInfo {
  return {
    id,
    name,
    diskSize: 20 * K64,
    vmStateSize: 0,
    date: 1_700_000_000,
    dateNanoseconds: 0,
    vmClock: 0,
    ...more,
  };
}

const SNAPSHOTS = [snapshot('1', 'clean'), snapshot('2', 'be\u202efore', { vmStateSize: 3 * K64 })];
const target = { kind: 'files', files: ['/images/top.qcow2'] } as const;

/** The golden chain whose top has snapshots, one of them shown. */
function withSnapshots(shown?: SnapshotInfo, snapshots = SNAPSHOTS): FakeChain {
  const chain = goldenChain();
  const top = chain.info.layers.at(-1) as LayerInfo;
  const qcow2 = { ...top.qcow2!, snapshots };
  const layer = { ...top, qcow2, ...(shown === undefined ? {} : { snapshot: shown }) };
  return { ...chain, info: { ...chain.info, layers: [...chain.info.layers.slice(0, -1), layer] } };
}

/** The window over that chain; the snapshot that is asked for is shown. */
async function opened(first: OpenTarget = target, snapshots = SNAPSHOTS) {
  const bridge = start(withSnapshots(undefined, snapshots));
  bridge.answer('chain:open', ({ target: asked }) => {
    const word = asked.kind === 'files' ? asked.snapshot : undefined;
    const { info, tracks } = withSnapshots(
      word === undefined ? undefined : findSnapshot(snapshots, word),
      snapshots,
    );
    return ok({ sessionId: argsOf(bridge, 'chain:open').length, chain: info, tracks });
  });
  await openTarget(first, { allow: ['/far/base'], allowAll: false });
  return bridge;
}

test('the snapshots of the top layer are listed with name, id, date, disk and VM state', async () => {
  await opened();
  const list = await screen.findByRole('region', { name: 'Internal snapshots' });
  const rows = within(list).getAllByRole('listitem');
  expect(rows.map(row => row.textContent)).toEqual([
    expect.stringMatching(/^Active disk.*shown$/),
    expect.stringMatching(/^clean2023-11-14 22:13:20 UTCid 1 · disk 1\.25 MiBShow$/),
    expect.stringMatching(/^be\\u\{202e\}fore.*id 2 · disk 1\.25 MiB · VM state 192 KiBShow$/),
  ]);
});

test('a snapshot is shown in place of the active disk, said in bar and title, and left again', async () => {
  const bridge = await opened();
  setAxis('guest', { viewport: { start: K64, end: 9 * K64 } });
  fireEvent.click(await screen.findByRole('button', { name: 'Show clean' }));
  const bar = await screen.findByRole('region', { name: 'Internal snapshot' });
  expect(bar.textContent).toContain('top.qcow2 as of snapshot clean (2023-11-14 22:13:20 UTC)');
  expect(document.title).toBe('top.qcow2 as of snapshot clean (2023-11-14 22:13:20 UTC) – cowscope');
  expect(getAxis('guest').viewport).toEqual({ start: K64, end: 9 * K64 });

  fireEvent.click(within(bar).getByRole('button', { name: 'Back to the active disk' }));
  await waitFor(() => expect(document.title).toBe('top.qcow2 – cowscope'));
  expect(screen.queryByRole('region', { name: 'Internal snapshot' })).toBeNull();
  const consent = { allow: ['/far/base'], allowAll: false };
  expect(argsOf(bridge, 'chain:open')).toEqual([
    { target, consent },
    { target: { ...target, snapshot: '1' }, consent },
    { target, consent },
  ]);
});

test('the palette shows the list and leads back', async () => {
  await opened({ ...target, snapshot: 'clean' });
  runCommand('snapshot');
  const dialog = await screen.findByRole('dialog');
  expect(within(dialog).getByText('shown').closest('li')?.textContent).toContain('clean');
  fireEvent.click(within(dialog).getByRole('button', { name: 'Show be\\u{202e}fore' }));
  await waitFor(() => expect(document.title).toContain('be\\u{202e}fore'));
  expect(screen.queryByRole('dialog')).toBeNull();
  runCommand('active');
  await waitFor(() => expect(document.title).toBe('top.qcow2 – cowscope'));
  runCommand('active');
  expect(await screen.findByText('The active disk is shown', { selector: '.status-message' })).toBeTruthy();
});

test('the dialog of an image without snapshots says that it has none', async () => {
  await opened(target, []);
  expect(screen.queryByRole('region', { name: 'Internal snapshots' })).toBeNull();
  runCommand('snapshot');
  expect((await screen.findByRole('dialog')).textContent).toContain('no internal snapshots');
});

test('a snapshot with the id and name of another one is not offered', async () => {
  const twins = [snapshot('1', 'a'), snapshot('1', 'a'), snapshot('', 'b'), snapshot('3', '1')];
  expect(twins.map(one => nameOrIdOf(one, twins))).toEqual(['1', undefined, 'b', '3']);
  await opened(target, twins);
  const buttons = await screen.findAllByRole<HTMLButtonElement>('button', { name: 'Show a' });
  expect(buttons.map(button => button.disabled)).toEqual([false, true]);
});

test('a snapshot without a name goes by its id', () => {
  const { info, tracks } = withSnapshots(snapshot('7', ''));
  expect(titleOf({ sessionId: 1, chain: info, tracks })).toContain('as of snapshot 7 (');
});
