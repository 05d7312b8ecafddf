import { fireEvent, screen, waitFor } from '@testing-library/react';
import { expect, test } from 'vitest';
import { openTarget } from '../../../../renderer/state/chain/opening.ts';
import { selectAt } from '../../../../renderer/state/selection/selection.ts';
import { getState, setAxis, useStore } from '../../../../renderer/state/store.ts';
import { type Finding, makeFinding } from '../../../../shared/model/finding.ts';
import { ok } from '../../../../shared/result.ts';
import { argsOf, start } from '../../../support/window/fake-window.tsx';

const K64 = 65_536;
const golden = { kind: 'files', files: ['/images/top.qcow2'] } as const;

function finding(layer: number, cluster: number): Finding {
  return makeFinding({
    id: `${cluster}`,
    code: 'QCOW2_X',
    severity: 'corruption',
    layer,
    what: `at ${cluster}`,
    guest: cluster < 0 ? [] : [[cluster * K64, K64]],
  });
}

/** The golden chain with findings, and damaged extents by track that are in no finding. */
async function opened(findings: readonly Finding[], damaged: Record<number, readonly number[]> = {}) {
  const bridge = start();
  bridge.answer('chain:seek', ({ track, from, backwards, kind }) => {
    const starts = kind === 'damaged' ? (damaged[track] ?? []).map(cluster => cluster * K64) : [];
    const found = backwards ? starts.findLast(at => at < from) : starts.find(at => at > from);
    return ok(found ?? -1);
  });
  await openTarget(golden);
  await screen.findByRole('heading', { level: 2, name: 'Guest' });
  bridge.find(...findings);
  return bridge;
}

/** Presses a key and gives the track and cluster that are then selected. */
async function press(key: string): Promise<string> {
  useStore.setState({ message: '' });
  const before = getState().selection;
  const saidInstead = () => getState().message.replace(/^[\d,]+ of .*$/, '');
  fireEvent.keyDown(document.body, { key });
  await waitFor(() => expect(getState().selection !== before || saidInstead() !== '').toBe(true));
  const { selection } = getState();
  return saidInstead() || `${selection?.track}:${(selection?.offset ?? 0) / K64}`;
}

test('J and K go through damage and findings of all layers, by offset and then from the top down', async () => {
  // Tracks: 1 top, 2 mid, 3 base; layers: 2 top, 1 mid, 0 base.
  await opened([finding(0, 3), finding(2, 3), finding(1, -1), finding(1, 9)], { 3: [3, 12], 1: [0] });
  const places = ['1:0', '1:3', '3:3', '2:9', '3:12'];
  for (const place of places) expect(await press('j')).toBe(place);
  expect(await press('j')).toBe('No further finding');
  for (const place of places.toReversed().slice(1)) expect(await press('k')).toBe(place);
  expect(await press('k')).toBe('No earlier finding');
});

test('they say which of how many it is, in the status bar and to a screen reader', async () => {
  await opened([finding(0, 3), finding(2, 3), finding(1, -1), finding(1, 9)]);
  const said = () => document.querySelector('.status-message')?.textContent;
  await press('j');
  await waitFor(() => expect(said()).toBe('1 of 3: place with findings in top.qcow2'));
  await press('j');
  await waitFor(() => expect(said()).toBe('2 of 3: place with findings in base.qcow2'));
  expect(screen.getAllByRole('status').map(region => region.textContent)).toContainEqual(
    expect.stringMatching(/base\.qcow2.*2 of 3: place with findings in base\.qcow2$/),
  );
  await press('k');
  await waitFor(() => expect(said()).toBe('1 of 3: place with findings in top.qcow2'));
});

test('with nothing selected they begin at the edges of what is in view', async () => {
  await opened([finding(2, 1), finding(2, 4), finding(2, 9)]);
  setAxis('guest', { viewport: { start: 4 * K64 - 0.5, end: 9 * K64 } });
  expect(await press('j')).toBe('1:4');
  useStore.setState({ selection: undefined, inspection: undefined });
  setAxis('guest', { viewport: { start: 4 * K64 - 0.5, end: 9 * K64 } });
  expect(await press('k')).toBe('1:4');
});

test('while layers are still read, none means none so far', async () => {
  const bridge = await opened([]);
  const layers = [{ layer: 0, witness: 'metadata', phase: 'reading', covered: 1, total: 2 }] as const;
  bridge.push('chain:progress', { sessionId: 1, layers });
  expect(await press('j')).toBe('No further finding so far');
  expect(document.querySelector('.status-message')?.textContent).toContain('so far');
});

test('N begins at the start of the view, and says where there is none', async () => {
  const bridge = await opened([]);
  setAxis('guest', { viewport: { start: 2 * K64 + 0.25, end: 5 * K64 } });
  expect(await press('n')).toBe('No further override in the guest’s view');
  setAxis('guest', { viewport: { start: 0, end: 5 * K64 } });
  useStore.setState({ message: '' });
  await press('n');
  useStore.setState({ focusedTrack: 1, message: '' });
  expect(await press('h')).toBe('No further zeros that hide data in top.qcow2');
  expect(argsOf(bridge, 'chain:seek')).toMatchObject([
    { from: 2 * K64, kind: 'override' },
    { from: -1, kind: 'override' },
    { from: -1, kind: 'holeOverride' },
  ]);
});

test('the next extent of the same state needs an extent', async () => {
  await opened([]);
  expect(await press('.')).toBe('Select an extent first');
});

test('the inspector lists the findings of the selected place', async () => {
  await opened([finding(2, 3), finding(1, 9)]);
  await selectAt({ track: 1, offset: 3 * K64 + 7 });
  const here = await screen.findByRole('region', { name: 'Findings here' });
  expect(here.textContent).toContain('At 3.');
  expect(here.textContent).not.toContain('At 9.');
  await selectAt({ track: 1, offset: 5 * K64 });
  await waitFor(() => expect(screen.queryByRole('region', { name: 'Findings here' })).toBeNull());
});

test('no findings is said as what it is', async () => {
  const bridge = await opened([]);
  const list = await screen.findByRole('region', { name: 'Findings' });
  expect(list.textContent).toContain('No damage in the tables. Refcounts are not checked yet.');
  for (const [phase, text] of [
    ['reading', 'No damage in the tables so far.'],
    ['cancelled', 'No damage in the tables, as far as they were read.'],
  ] as const) {
    const layers = [{ layer: 0, witness: 'metadata', phase, covered: 1, total: 2 }] as const;
    bridge.push('chain:progress', { sessionId: 1, layers });
    await waitFor(() => expect(list.textContent).toContain(text));
  }
  expect(screen.getByRole('button', { name: 'No damage seen' })).toBeTruthy();
});
