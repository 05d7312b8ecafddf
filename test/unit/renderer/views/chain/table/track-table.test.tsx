import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { afterEach, expect, test, vi } from 'vitest';
import { navigationOf } from '../../../../../../renderer/state/axes/axis-navigation.ts';
import { openTarget } from '../../../../../../renderer/state/chain/opening.ts';
import { getAxis, getState, setAxis, setState } from '../../../../../../renderer/state/store.ts';
import { MAX_EXACT_EXTENTS } from '../../../../../../shared/ipc/questions.ts';
import { makeFinding } from '../../../../../../shared/model/finding.ts';
import { formatOffset } from '../../../../../../shared/text/offset.ts';
import type { FakeBridge } from '../../../../../support/window/fake-bridge.ts';
import { goldenChain, largeChain } from '../../../../../support/window/fake-chain.ts';
import { argsOf, start } from '../../../../../support/window/fake-window.tsx';

const K64 = 65_536;

afterEach(() => vi.unstubAllGlobals());

/** Opens a chain and shows a track of it as a table. */
async function openTable(
  chain = goldenChain(),
  track = 2,
): Promise<{ bridge: FakeBridge; lane: HTMLElement }> {
  const bridge = start(chain);
  await openTarget({ kind: 'files', files: ['/images/top.qcow2'] });
  setAxis('guest', { width: 1000, viewport: { start: 0, end: chain.info.size } });
  setState({ tables: new Set([track]) });
  const grid = await screen.findByRole('grid');
  return { bridge, lane: grid.closest('.track-table') as HTMLElement };
}

const rowsOf = (lane: HTMLElement) => [...lane.querySelectorAll<HTMLElement>('tr[data-start]')];

test('the table of a track says where each extent ends, where it lies in the file and what is found there', async () => {
  const { bridge, lane } = await openTable();
  await waitFor(() => expect(rowsOf(lane).length).toBeGreaterThan(5));
  const held = rowsOf(lane).filter(({ dataset }) => dataset.state === 'zeroAllocated');
  await waitFor(() => expect(held[0]?.dataset.host).toBeDefined());
  const reply = await bridge.call('chain:inspect', { sessionId: 1, offset: 4 * K64 });
  const layer = reply.ok ? reply.value.layers.find(({ track }) => track === 2) : undefined;
  expect(Number(held[0]?.dataset.host)).toBe(layer?.hostOffset);
  expect(layer?.hostOffset).toBeGreaterThan(0);
  const cellsOf = (row: HTMLElement | undefined) =>
    [...(row?.querySelectorAll('[role=gridcell]') ?? [])].map(cell => cell.textContent);
  const cells = cellsOf(held[0]);
  const [first, end, length, state, marks, host] = cells;
  expect([first, end, length, state]).toEqual(['0x0004_0000', '0x0005_0000', '64 KiB', 'zero (allocated)']);
  expect([marks, host]).toEqual(['zeros that hide data', formatOffset(layer?.hostOffset ?? -1)]);
  // What was found there has a column as soon as anything was found.
  const finding = { code: 'QCOW2_X', severity: 'corruption', layer: 1, what: 'x', advice: '' } as const;
  bridge.find(makeFinding({ ...finding, guest: [[4 * K64, K64]], bytesAtRisk: K64 }));
  await waitFor(() => expect(rowsOf(lane).map(row => cellsOf(row)[5])).toContain('QCOW2_X'));
  expect(rowsOf(lane).filter(row => cellsOf(row)[5] === 'QCOW2_X')).toHaveLength(1);
});

test('the rows of a table are copied for a spreadsheet, with what is not in sight', async () => {
  const writeText = vi.fn(() => Promise.resolve());
  vi.stubGlobal('navigator', { ...navigator, clipboard: { writeText } });
  const { lane } = await openTable(goldenChain(), 0);
  await within(lane).findByText(/^\d+ extents in view$/);
  fireEvent.click(within(lane).getByRole('button', { name: 'Copy' }));
  await waitFor(() => expect(writeText).toHaveBeenCalled());
  const [[text]] = writeText.mock.calls as unknown as [[string]];
  const [head, first, ...rest] = text.trimEnd().split('\n');
  expect(head).toBe('start\tend\tlength\tstate\towner\thostOffset\tmarks\tfinding');
  expect(first).toMatch(/^0\t65536\t65536\tdata\tbase\.qcow2\t\d+\t\t$/);
  within(lane).getByText(`${rest.length + 1} extents in view`);
  expect(getState().message).toBe(`Copied ${rest.length + 1} extents`);
});

test('nothing is said to be copied where the clipboard cannot be used', async () => {
  vi.stubGlobal('navigator', {
    ...navigator,
    clipboard: { writeText: () => Promise.reject(new Error('no')) },
  });
  const { lane } = await openTable();
  fireEvent.click(await within(lane).findByRole('button', { name: 'Copy' }));
  await waitFor(() => expect(getState().message).toBe('The clipboard could not be used'));
});

test('of too many extents the first are listed, up to where the list says it ends', async () => {
  const { bridge, lane } = await openTable(largeChain(2 ** 36, 3, 2000), 1);
  const { size } = getAxis('guest');
  await within(lane).findByText(/^The first [\d,]+ extents in view, up to 0x/);
  const asked = argsOf(bridge, 'chain:extents') as readonly { start: number; end: number }[];
  const listed = asked.at(-1) as { start: number; end: number };
  expect(listed.end).toBeLessThan(size);
  const reply = await bridge.call('chain:extents', { sessionId: 1, ...listed });
  if (!reply.ok || reply.value.tooMany) throw new Error('exact extents are wanted');
  const { starts } = reply.value.tracks[1]!;
  expect(starts.length).toBeLessThanOrEqual(MAX_EXACT_EXTENTS);
  expect(lane.querySelector('[role=grid]')?.getAttribute('aria-rowcount')).toBe(String(starts.length + 1));
  expect(rowsOf(lane).map(({ dataset }) => Number(dataset.start))).toEqual([
    ...starts.slice(0, rowsOf(lane).length),
  ]);
  within(lane).getByText('Zoom in');
  navigationOf('guest').setViewport({ start: 0, end: 4 * K64 });
  await within(lane).findByText(/^\d+ extents? in view$/);
  expect(rowsOf(lane).length).toBeGreaterThan(0);
});
