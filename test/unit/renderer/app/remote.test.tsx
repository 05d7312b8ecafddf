import { screen, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { openTarget } from '../../../../renderer/state/chain/opening.ts';
import { selectAt } from '../../../../renderer/state/selection/selection.ts';
import { getState } from '../../../../renderer/state/store.ts';
import { trackRows } from '../../../../renderer/views/chain/table/track-rows.ts';
import { trackCaptions, trackLabels } from '../../../../shared/draw/track-labels.ts';
import { ABSENT, HOLE, LOCAL, UNREAD, ZERO } from '../../../../shared/extent/flags.ts';
import { type FakeChain, layerInfo } from '../../../support/fake-chain.ts';
import { start } from '../../../support/fake-window.tsx';

const K64 = 65_536;
const target = { kind: 'nbd', uri: 'nbd://host/disk' } as const;
const NONE = ABSENT | HOLE | ZERO;

/** Four clusters of an export of two depths: data of the active layer, a hole of it, data below, nothing. */
function remoteChain(): FakeChain {
  const size = 4 * K64;
  const { qcow2: _, ...plain } = layerInfo(0, 'nbd://host/disk', size, { format: 'nbd', clusterSize: 1 });
  const common = { layer: 0, size, witness: 'nbd', ownerKnown: true } as const;
  const zero = LOCAL | HOLE | ZERO;
  return {
    info: { layers: [plain], size, complete: true, notes: [] },
    tracks: [
      { ...common, id: 0, kind: 'guest', layer: -1, depth: 0, title: 'guest' },
      { ...common, id: 1, kind: 'depth', depth: 1, title: 'depth 1' },
      { ...common, id: 2, kind: 'depth', depth: 2, title: 'depth 2' },
    ],
    starts: Float64Array.of(0, K64, 2 * K64, 3 * K64),
    stops: Int16Array.of(1, 1, 0, -1),
    words: [
      Uint32Array.of(LOCAL, zero, LOCAL, NONE),
      Uint32Array.of(LOCAL, zero, NONE, NONE),
      Uint32Array.of(UNREAD, UNREAD, LOCAL, NONE),
    ],
  };
}

async function opened() {
  start(remoteChain());
  await openTarget(target);
  return screen.findByRole('region', { name: 'depth 2' });
}

test('the header of a depth says that hidden layers are not known', async () => {
  const lane = await opened();
  expect(lane.textContent).toContain('1 below the active layer');
  expect(within(lane).getByText('hidden layers not known')).toBeTruthy();
  expect(lane.querySelector('.number')).toBeNull();
});

test('what cannot be told over NBD is said in legend, inspector and findings', async () => {
  await opened();
  expect(document.querySelector('.legend')?.textContent).toContain('it cannot be told what a hole hides');
  const facts = await screen.findByRole('region', { name: 'In this chain' });
  expect(facts.textContent).toContain('overrides cannot be shown');
  expect(facts.textContent).not.toContain('No layer');
  expect(screen.getByRole('region', { name: 'Findings' }).textContent).toContain(
    'no tables to see damage in',
  );
  await selectAt({ track: 1, offset: K64 });
  const what = await screen.findByRole('region', { name: 'What' });
  expect(what.textContent).toContain('it cannot be told what this hides, nor whether host space is kept');
  expect(what.textContent).not.toContain('no host space');
});

test('the depth that is read is marked and named', async () => {
  await opened();
  await selectAt({ track: 0, offset: 2 * K64 });
  const stack = await screen.findByRole('region', { name: 'Stack' });
  const read = stack.querySelectorAll('[data-owner=true]');
  expect([...read].map(row => row.querySelector('strong')?.textContent)).toEqual(['depth 2']);
  expect(getState().announcement).toContain('depth 2');
});

test('rows and labels of the guest name the depth', () => {
  const { info, tracks } = remoteChain();
  const chain = { sessionId: 1, chain: info, tracks };
  const guest = tracks[0]!;
  const extents = {
    track: 0,
    starts: Float64Array.of(0),
    words: Uint32Array.of(LOCAL),
    owners: Int16Array.of(0),
  };
  const exact = { start: 0, end: K64, tracks: [extents] };
  expect(trackRows(exact, { start: 0, end: K64 }, guest, chain).map(row => row.owner)).toEqual(['depth 2']);
  const run = { from: 0, to: 90, state: 0, marks: 0, owner: 0 };
  expect(trackLabels(guest, chain)(run)[0]).toBe('data · depth 2');
  expect(trackCaptions(guest, chain)?.(run)).toBe('2');
});
