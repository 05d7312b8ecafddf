import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { afterEach, expect, test, vi } from 'vitest';
import { openTarget } from '../../../../../renderer/state/chain/opening.ts';
import { getState, setState } from '../../../../../renderer/state/store.ts';
import { goldenChain, largeChain, shortMiddleChain } from '../../../../support/window/fake-chain.ts';
import { start } from '../../../../support/window/fake-window.tsx';

const KIB = 1024;
const target = { kind: 'files', files: ['/images/top.qcow2'] } as const;

afterEach(() => vi.unstubAllGlobals());

async function opened(chain = goldenChain()) {
  start(chain);
  await openTarget(target);
  setState({ drawerOpen: true, drawerTab: 'places' });
  return await screen.findByRole('grid', { name: 'Places' });
}

/** Of the rows that have arrived: kind, track, start and length in clusters, tracks that they hide or that hide them. */
function rowsOf(grid: HTMLElement): readonly string[] {
  return [...grid.querySelectorAll<HTMLElement>('tr[data-kind]')].map(({ dataset }) => {
    const from = Number(dataset.start) / (64 * KIB);
    const length = Number(dataset.end) / (64 * KIB) - from;
    return `${dataset.kind} ${dataset.track} ${from}+${length} ${dataset.others}`.trim();
  });
}

test('marked extents of all layers are one list, by where they start and from the top layer down', async () => {
  const grid = await opened();
  await waitFor(() => expect(rowsOf(grid).length).toBeGreaterThan(3));
  expect(rowsOf(grid)).toEqual([
    'overrides 2 1+1 3',
    'overridden 3 1+6 2 1',
    'overrides 1 2+1 3',
    'holeOverrides 2 3+1 3',
    'holeOverrides 2 4+1 3',
    'holeOverrides 2 5+1 3',
    'overrides 1 6+1 3',
  ]);
  expect(grid.textContent).toContain('hides base.qcow2');
});

test('the list is filtered by kind, layer, state and length, and says how much passes', async () => {
  const grid = await opened();
  const drawer = screen.getByRole('region', { name: 'Lists' });
  setState({ placeFilter: { kinds: ['overrides', 'shadowed'] } });
  fireEvent.click(await within(drawer).findByRole('button', { name: 'hidden by a shorter layer' }));
  expect(getState().placeFilter).toEqual({ kinds: ['overrides'] });
  await waitFor(() => expect(rowsOf(grid)).toHaveLength(3));
  fireEvent.change(within(drawer).getByRole('combobox', { name: 'Layer' }), { target: { value: '1' } });
  await waitFor(() => expect(rowsOf(grid)).toEqual(['overrides 1 2+1 3', 'overrides 1 6+1 3']));
  expect(within(drawer).getByRole('status').textContent).toBe('1 of 2 · 128 KiB');
  fireEvent.change(within(drawer).getByRole('combobox', { name: 'State' }), { target: { value: '1' } });
  await waitFor(() => expect(rowsOf(grid)).toEqual(['overrides 1 6+1 3']));
  const length = within(drawer).getByRole('combobox', { name: 'Length' });
  fireEvent.change(length, { target: { value: String(2 ** 20) } });
  await waitFor(() => expect(within(drawer).getByRole('status').textContent).toBe('No places'));
  fireEvent.change(length, { target: { value: '' } });
  await waitFor(() => expect(rowsOf(grid)).toHaveLength(1));
});

test('the ranges of one bitmap are listed with their bytes, also where another layer owns them', async () => {
  const chain = shortMiddleChain();
  const grid = await opened(chain);
  const drawer = screen.getByRole('region', { name: 'Lists' });
  const bitmap = chain.info.layers[1]?.qcow2?.bitmaps[0];
  expect(bitmap).toBeUndefined(); // the window learns of bitmaps from the chain
  setState({ placeFilter: { bitmap: { layer: 1, name: 'today' } } });
  await waitFor(() => expect(rowsOf(grid)).toEqual(['dirty 2 2+2']));
  expect(grid.textContent).toContain('dirty in today');
  expect(within(drawer).getByRole('status').textContent).toBe('1 of 1 · 128 KiB');
});

test('a place is selected and brought on screen by a click and by Enter', async () => {
  const grid = await opened();
  await waitFor(() => expect(rowsOf(grid).length).toBeGreaterThan(3));
  fireEvent.click(within(grid).getAllByText('zeros that hide data')[0] as HTMLElement);
  await waitFor(() => expect(getState().selection).toEqual({ track: 2, offset: 3 * 64 * KIB }));
  fireEvent.keyDown(grid, { key: 'ArrowDown' });
  fireEvent.keyDown(grid, { key: 'Enter' });
  await waitFor(() => expect(getState().selection).toEqual({ track: 2, offset: 4 * 64 * KIB }));
  expect(screen.getByText('5 of 7 · 768 KiB')).toBeTruthy();
});

test('a long list is requested page by page and sorted by length; only the rows in sight are rendered', async () => {
  const grid = await opened(largeChain(2 ** 34, 3, 20_000));
  await waitFor(() => expect(rowsOf(grid).length).toBeGreaterThan(3), { timeout: 20_000 });
  expect(Number(grid.getAttribute('aria-rowcount'))).toBeGreaterThan(5_000);
  expect(grid.querySelectorAll('tbody tr').length).toBeLessThan(60);
  fireEvent.click(within(grid).getByRole('button', { name: 'Length' }));
  const lengths = () =>
    [...grid.querySelectorAll<HTMLElement>('tr[data-kind]')].map(
      ({ dataset }) => Number(dataset.end) - Number(dataset.start),
    );
  await waitFor(() => {
    expect(lengths().length).toBeGreaterThan(3);
    expect(lengths()).toEqual(lengths().toSorted((a, b) => b - a));
  });
});

test('the list is copied as a table, as CSV and as JSON, with plain numbers of bytes', async () => {
  const copied: string[] = [];
  const writeText = async (text: string) => void copied.push(text);
  vi.stubGlobal('navigator', { ...navigator, clipboard: { writeText } });
  await opened();
  setState({ placeFilter: { kinds: ['holeOverrides'] } });
  const drawer = screen.getByRole('region', { name: 'Lists' });
  await within(drawer).findByText('1 of 3 · 192 KiB');
  for (const [i, name] of ['Copy', 'Copy CSV', 'Copy JSON'].entries()) {
    fireEvent.click(within(drawer).getByRole('button', { name }));
    await waitFor(() => expect(copied).toHaveLength(i + 1));
  }
  const [table = '', csv = '', json = ''] = copied;
  expect(table.split('\n')[1]?.split('\t').slice(0, 8)).toEqual([
    'holeOverrides',
    'mid.qcow2',
    '',
    '196608',
    '262144',
    '65536',
    'zeroHole',
    'base.qcow2',
  ]);
  expect(csv.split('\r\n')[0]).toBe('kind,layer,bitmap,start,end,length,state,others,hostOffset');
  expect(csv.split('\r\n')).toHaveLength(5);
  expect(JSON.parse(json)).toHaveLength(3);
  expect(JSON.parse(json)[0]).toMatchObject({ kind: 'holeOverrides', layer: 'mid.qcow2', start: 196608 });
});

test('the list says while the drawn part is being read, and a running cross-check changes nothing', async () => {
  await opened();
  const drawer = screen.getByRole('region', { name: 'Lists' });
  await within(drawer).findByText('1 of 7 · 768 KiB');
  const at = { layer: 1, phase: 'reading', covered: 1, total: 2 } as const;
  setState({ progress: [{ ...at, witness: 'nbd' }] });
  expect(within(drawer).getByRole('status').textContent).toBe('1 of 7 · 768 KiB');
  setState({ progress: [{ ...at, witness: 'metadata' }] });
  await within(drawer).findByText('1 of 7 so far · 768 KiB');
});
