import { screen, within } from '@testing-library/react';
import { expect, test, vi } from 'vitest';
import { dataOf } from '../../../../../renderer/state/axes/axis-data.ts';
import { navigationOf } from '../../../../../renderer/state/axes/axis-navigation.ts';
import { stripOf } from '../../../../../renderer/state/chain/chain-data.ts';
import { openTarget } from '../../../../../renderer/state/chain/opening.ts';
import { refreshSelection, selectUnder } from '../../../../../renderer/state/selection/column.ts';
import { hoveredOffset } from '../../../../../renderer/state/selection/hovered-offset.ts';
import { probeTrack } from '../../../../../renderer/state/selection/probe-track.ts';
import { fitSelection, selectedExtent } from '../../../../../renderer/state/selection/selection.ts';
import { getAxis, setAxis, useStore } from '../../../../../renderer/state/store.ts';
import { start } from '../../../../support/window/fake-window.tsx';

const golden = { kind: 'files', files: ['/images/top.qcow2'] } as const;
const K64 = 65536;
const COLUMNS = 8;

/** Opens the golden chain of 20 clusters with a strip of 8 columns, of 160 KiB each, drawn for the middle layer. */
async function openNarrow(): Promise<void> {
  start();
  await openTarget(golden);
  const { size } = getAxis('guest');
  dataOf('guest').loader?.request({
    view: { start: 0, end: size },
    columns: COLUMNS,
    overviewColumns: COLUMNS,
  });
  await vi.waitFor(() => expect(dataOf('guest').loader?.isBusy()).toBe(false), 20_000);
  stripOf(2, { start: 0, end: size }, COLUMNS);
}

test('a click where several extents share a pixel selects the column with its shares, not a byte', async () => {
  await openNarrow();
  // Column 1 is clusters 2.5 to 5: half of one that falls through, then zeros of two kinds, cut in the middle.
  const column = { start: 2.5 * K64, end: 5 * K64 };
  expect(probeTrack(2, 3 * K64)).toMatchObject({ ...column, extents: 3, exact: true });
  await selectUnder({ track: 2, offset: 3 * K64 });
  expect(useStore.getState()).toMatchObject({ selection: { track: 2, column }, inspection: undefined });
  expect(selectedExtent()).toEqual(column);
  const what = await screen.findByRole('region', { name: 'What' });
  expect(what.textContent).toContain('160 KiB in one pixel');
  const rows = within(what)
    .getAllByRole('row')
    .map(row => row.textContent);
  expect(rows.filter(text => text?.includes('64 KiB') && text.includes('zero'))).toHaveLength(2);
  expect(rows.find(text => text?.includes('unallocated'))).toContain('32 KiB');
  within(what).getByRole('button', { name: 'Zoom in' });
  refreshSelection();
  expect(useStore.getState().selection).toMatchObject({ column });
});

test('a click where one extent fills the pixel selects a byte of it', async () => {
  await openNarrow();
  await selectUnder({ track: 2, offset: 12 * K64 + 5 });
  expect(useStore.getState().selection).toEqual({ track: 2, offset: 12 * K64 + 5 });
  expect(useStore.getState().inspection?.offset).toBe(12 * K64 + 5);
});

test('the offset under a still pointer is that of the view as it is, after wheel, pan and fit', async () => {
  await openNarrow();
  setAxis('guest', { width: 100 });
  useStore.setState({ hover: { axis: 'guest', track: 2, px: 50 } });
  const { size } = getAxis('guest');
  expect(hoveredOffset()).toBe(size / 2);
  navigationOf('guest').setViewport({ start: 0, end: size / 2 });
  expect(hoveredOffset()).toBe(size / 4);
  navigationOf('guest').panByPx(20);
  expect(hoveredOffset()).toBe(Math.floor(size / 4 + size / 10));
  await selectUnder({ track: 2, offset: 12 * K64 });
  fitSelection();
  await vi.waitFor(() => {
    const { viewport } = getAxis('guest');
    expect(hoveredOffset()).toBe(Math.floor((viewport.start + viewport.end) / 2));
  }, 20_000);
});
