import { screen, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { openTarget } from '../../../renderer/state/chain/opening.ts';
import { selectAt } from '../../../renderer/state/selection/selection.ts';
import { getState } from '../../../renderer/state/store.ts';
import { trackRows } from '../../../renderer/views/chain/table/track-rows.ts';
import { trackCaptions, trackLabels } from '../../../shared/draw/track-labels.ts';
import { LOCAL } from '../../../shared/extent/flags.ts';
import { partOf } from '../../../shared/extent/parts.ts';
import { remoteChain } from '../../support/window/fake-chain.ts';
import { start } from '../../support/window/fake-window.tsx';

const K64 = 65_536;
const target = { kind: 'nbd', uri: 'nbd://host/disk' } as const;

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

test('what is not known over NBD is named in legend, inspector and findings', async () => {
  await opened();
  expect(document.querySelector('.legend')?.textContent).toContain('it is not known what a hole hides');
  const facts = await screen.findByRole('region', { name: 'In this chain' });
  expect(facts.textContent).toContain('overrides cannot be shown');
  expect(facts.textContent).not.toContain('No layer');
  expect(screen.getByRole('region', { name: 'Findings' }).textContent).toContain(
    'no tables to see damage in',
  );
  await selectAt({ track: 1, offset: K64 });
  const what = await screen.findByRole('region', { name: 'What' });
  expect(what.textContent).toContain('it is not known what this hides, nor whether host space is kept');
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
  const run = { from: 0, to: 90, part: partOf(0), marks: 0, owner: 0 };
  expect(trackLabels(guest, chain)(run)[0]).toBe('data · depth 2');
  expect(trackCaptions(guest, chain)?.(run)).toBe('2');
});
