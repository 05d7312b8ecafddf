import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { afterEach, expect, test, vi } from 'vitest';
import { openTarget } from '../../../../renderer/state/chain/opening.ts';
import { getState, setState } from '../../../../renderer/state/store.ts';
import { DRAWER_TABS } from '../../../../renderer/views/registry.ts';
import { goldenChain, remoteChain } from '../../../support/window/fake-chain.ts';
import { start } from '../../../support/window/fake-window.tsx';

afterEach(() => vi.unstubAllGlobals());

const KIB = 1024;
const target = { kind: 'files', files: ['/images/top.qcow2'] } as const;

async function opened(chain = goldenChain()): Promise<HTMLElement> {
  start(chain);
  await openTarget(target);
  return await screen.findByRole('region', { name: 'Lists' });
}

/** Bytes in the row of a layer, by the id of the column. */
function bytesOf(drawer: HTMLElement, layer: string): Readonly<Record<string, number>> {
  const row = within(drawer).getByRole('row', { name: new RegExp(`^${layer}`) });
  const cells = [...row.querySelectorAll<HTMLElement>('td[data-bytes]')];
  return Object.fromEntries(cells.map(({ dataset }) => [dataset.column ?? '', Number(dataset.bytes)]));
}

test('ids and titles of tabs are each used once', () => {
  for (const part of [DRAWER_TABS.map(({ id }) => id), DRAWER_TABS.map(({ title }) => title)])
    expect(new Set(part).size).toBe(part.length);
});

test('closed it is a row of tabs; a tab opens it, the same tab and its key close it', async () => {
  const drawer = await opened();
  expect(within(drawer).queryByRole('table')).toBeNull();
  const tab = within(drawer).getByRole('button', { name: 'Statistics' });
  fireEvent.click(tab);
  expect(await within(drawer).findByRole('table')).toBeTruthy();
  expect(tab.getAttribute('aria-pressed')).toBe('true');
  fireEvent.click(tab);
  expect(within(drawer).queryByRole('table')).toBeNull();
  fireEvent.keyDown(window, { key: 'p' });
  expect(getState().drawerOpen).toBe(true);
  fireEvent.keyDown(window, { key: 'p' });
  expect(getState().drawerOpen).toBe(false);
});

test('a chosen range is named beside the tabs, where it covers nothing, and the tab Statistics has its sums', async () => {
  const drawer = await opened();
  setState({ range: { start: 0, end: 64 * KIB } });
  const range = await within(drawer).findByRole('region', { name: 'Chosen range' });
  expect(range.textContent).toContain('0x0000_0000 – 0x0000_ffff64 KiB');
  expect(screen.getAllByRole('button', { name: 'Statistics' })).toHaveLength(1);
  fireEvent.click(within(drawer).getByRole('button', { name: 'Statistics' }));
  expect(await within(drawer).findByText(/^Range 0x0000_0000/)).toBeTruthy();
  fireEvent.click(within(range).getByRole('button', { name: 'Clear the range' }));
  expect(getState().range).toBeUndefined();
  expect(within(drawer).queryByRole('region', { name: 'Chosen range' })).toBeNull();
  expect(await within(drawer).findByText(/^Whole disk/)).toBeTruthy();
});

test('its upper edge resizes it by arrow keys within its bounds', async () => {
  const drawer = await opened();
  setState({ drawerOpen: true, drawerTab: 'statistics' });
  const edge = await within(drawer).findByRole('separator', { name: 'Height of the lists' });
  fireEvent.keyDown(edge, { key: 'ArrowUp' });
  expect(drawer.style.height).toBe('256px');
  for (let i = 0; i < 20; i++) fireEvent.keyDown(edge, { key: 'ArrowDown' });
  expect(drawer.style.height).toBe('120px');
  fireEvent.doubleClick(edge);
  expect(drawer.style.height).toBe('240px');
});

test('statistics say of each layer what it holds, what the guest reads of it and what is hidden', async () => {
  const drawer = await opened();
  setState({ drawerOpen: true, drawerTab: 'statistics' });
  await within(drawer).findByRole('table');
  const [top, mid, base] = ['top', 'mid', 'base'].map(name => bytesOf(drawer, `${name}.qcow2`));
  expect(top).toMatchObject({ holds: 4 * 64 * KIB, guestReads: 4 * 64 * KIB, hidden: 0 });
  expect(mid).toMatchObject({
    holds: 4 * 64 * KIB,
    guestReads: 4 * 64 * KIB,
    zerosThatHideData: 3 * 64 * KIB,
  });
  expect(base).toMatchObject({ holds: 8 * 64 * KIB, hidden: 6 * 64 * KIB, guestReads: 2 * 64 * KIB });
  expect(bytesOf(drawer, 'Guest').guestReads).toBe(10 * 64 * KIB);
});

test('statistics are of the chosen range, and are copied as a table', async () => {
  const copied: string[] = [];
  const writeText = async (text: string) => void copied.push(text);
  vi.stubGlobal('navigator', { ...navigator, clipboard: { writeText } });
  const drawer = await opened();
  setState({ drawerOpen: true, drawerTab: 'statistics', range: { start: 64 * KIB, end: 3 * 64 * KIB + 1 } });
  await within(drawer).findByText(/^Range 0x0001_0000/);
  await waitFor(() => expect(bytesOf(drawer, 'mid.qcow2').holds).toBe(64 * KIB + 1));
  fireEvent.click(within(drawer).getByRole('button', { name: 'Copy as table' }));
  await waitFor(() => expect(copied).toHaveLength(1));
  const [head, guest] = (copied[0] ?? '').split('\n').map(line => line.split('\t'));
  expect(head?.slice(0, 4)).toEqual(['layer', 'holds', 'guestReads', 'hidden']);
  expect(guest?.slice(0, 3)).toEqual(['guest', '', String(2 * 64 * KIB + 64 * KIB - 64 * KIB + 1)]);
});

test('an export of a whole chain has no numbers of what its layers hold or hide', async () => {
  const drawer = await opened(remoteChain());
  setState({ drawerOpen: true, drawerTab: 'statistics' });
  await within(drawer).findByRole('table');
  const heads = within(drawer)
    .getAllByRole('columnheader')
    .map(({ textContent }) => textContent);
  expect(heads.slice(0, 2)).toEqual(['Layer', 'guest reads']);
  expect(heads).not.toContain('holds');
  expect(heads).not.toContain('hidden');
});
