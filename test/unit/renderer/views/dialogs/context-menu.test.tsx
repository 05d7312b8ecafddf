import { fireEvent, screen, waitFor } from '@testing-library/react';
import { expect, test, vi } from 'vitest';
import { openTarget } from '../../../../../renderer/state/chain/opening.ts';
import { selectAt } from '../../../../../renderer/state/selection/selection.ts';
import { getState, setAxis, useStore } from '../../../../../renderer/state/store.ts';
import { start } from '../../../../support/window/fake-window.tsx';

const K64 = 65_536;
const golden = { kind: 'files', files: ['/images/top.qcow2'] } as const;

async function opened() {
  start();
  await openTarget(golden);
  await screen.findByRole('heading', { level: 2, name: 'Guest' });
  return document.querySelector<HTMLElement>('[data-track="0"] canvas')!;
}

test('a right click selects the place and opens its menu, which Escape closes', async () => {
  const canvas = await opened();
  fireEvent.contextMenu(canvas, { clientX: 40, clientY: 50 });
  const menu = await screen.findByRole('menu');
  expect(getState().selection).toMatchObject({ track: 0 });
  expect(menu.closest('dialog')?.style.left).toBe('40px');
  const names = screen.getAllByRole('menuitem').map(item => item.textContent);
  expect(names.slice(0, 6).at(-1)).toContain('Show the track as a table');
  expect(names[0]).toContain('Copy start of the selection');
  expect(document.activeElement?.textContent).toBe(names[0]);
  fireEvent.keyDown(menu, { key: 'Escape' });
  expect(screen.queryByRole('menu')).toBeNull();
});

test('the keys of a menu go through it and run its commands', async () => {
  await opened();
  await selectAt({ track: 0, offset: 3 * K64 });
  fireEvent.keyDown(document.body, { key: 'F10', shiftKey: true });
  const menu = await screen.findByRole('menu');
  const focused = () => document.activeElement?.textContent ?? '';
  for (const [key, name] of [
    ['ArrowUp', 'Copy qemu-io command'],
    ['ArrowDown', 'Copy start of the selection'],
    ['ArrowDown', 'Make the selection a range'],
    ['End', 'Copy qemu-io command'],
    ['Home', 'Copy start of the selection'],
  ] as const) {
    fireEvent.keyDown(menu, { key });
    expect(focused()).toContain(name);
  }
  fireEvent.click(screen.getByRole('menuitem', { name: /Make the selection a range/ }));
  expect(screen.queryByRole('menu')).toBeNull();
  expect(getState().range).toEqual({ start: 3 * K64, end: 4 * K64 });
});

test('the forms of the selection are offered below, and what was copied is shown', async () => {
  const writeText = vi.fn(async (_: string) => {});
  vi.stubGlobal('navigator', { ...navigator, clipboard: { writeText } });
  await opened();
  await selectAt({ track: 0, offset: 3 * K64 });
  fireEvent.keyDown(document.body, { key: 'F10', shiftKey: true });
  fireEvent.click(await screen.findByRole('menuitem', { name: 'Copy start and length' }));
  await waitFor(() => expect(getState().message).toBe('Copied 0x30000 0x10000'));
  fireEvent.keyDown(document.body, { key: 'c', ctrlKey: true });
  await waitFor(() => expect(getState().message).toBe('Copied 0x30000'));
  expect(writeText.mock.calls).toEqual([['0x30000 0x10000'], ['0x30000']]);
  vi.unstubAllGlobals();
});

test('with nothing selected it is the menu of the first place in view', async () => {
  await opened();
  setAxis('guest', { viewport: { start: 2 * K64 - 0.5, end: 5 * K64 } });
  fireEvent.keyDown(document.body, { key: 'ContextMenu' });
  await screen.findByRole('menu');
  expect(getState().selection).toEqual({ track: 0, offset: 2 * K64 });
});

test('it leads to the layer that is read, unfolding it', async () => {
  await opened();
  await selectAt({ track: 0, offset: 3 * K64 + 5 });
  useStore.setState({ hidden: new Set([2, 3]) });
  fireEvent.keyDown(document.body, { key: 'F10', shiftKey: true });
  fireEvent.click(await screen.findByRole('menuitem', { name: /Go to the layer/ }));
  await waitFor(() => expect(getState().selection).toEqual({ track: 2, offset: 3 * K64 + 5 }));
  expect(getState().hidden).toEqual(new Set([3]));
  await selectAt({ track: 0, offset: 9 * K64 });
  fireEvent.keyDown(document.body, { key: 'F10', shiftKey: true });
  fireEvent.click(await screen.findByRole('menuitem', { name: /Go to the layer/ }));
  expect(getState().message).toBe('No layer is known to hold this offset');
});
