import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { navigationOf } from '../../../../../renderer/state/axes/axis-navigation.ts';
import { getAxis, getState, setAxis, useStore } from '../../../../../renderer/state/store.ts';
import { OverviewBrush } from '../../../../../renderer/ui/axis/overview-brush.tsx';

const BLANK = getState();
const SIZE = 1_000_000;

beforeEach(() => {
  useStore.setState(BLANK, true);
  HTMLElement.prototype.setPointerCapture = () => {};
});
afterEach(() => {
  cleanup();
  navigationOf('host').stop();
});

/** The brush of an axis of 1000 px, with this part of the disk in view. */
function brush(start: number, end: number) {
  setAxis('host', { size: SIZE, width: 1000, viewport: { start, end } });
  render(<OverviewBrush axis="host" />);
  const handle = screen.getByRole('slider');
  return { handle, area: handle.parentElement as HTMLElement };
}

/** Presses at one pixel, moves to another one and releases. */
function drag(element: HTMLElement, from: number, to: number): void {
  fireEvent.pointerDown(element, { button: 0, clientX: from });
  fireEvent.pointerMove(element, { clientX: to });
  fireEvent.pointerUp(element, { clientX: to });
}

const viewport = () => getAxis('host').viewport;

test('a drag beside the window of the overview draws a new window, in both directions', () => {
  const { area } = brush(200_000, 300_000);
  drag(area, 600, 700);
  expect(viewport()).toEqual({ start: 600_000, end: 700_000 });
  drag(area, 500, 100);
  expect(viewport()).toEqual({ start: 100_000, end: 500_000 });
});

test('with the whole disk in view a drag over the overview draws a new window', () => {
  const { handle } = brush(0, SIZE);
  drag(handle, 250, 750);
  expect(viewport()).toEqual({ start: 250_000, end: 750_000 });
});

test('a drag on the window of a part moves it, and a click beside it centers it there', async () => {
  const { area, handle } = brush(200_000, 300_000);
  drag(handle, 250, 350);
  expect(viewport()).toEqual({ start: 300_000, end: 400_000 });
  drag(area, 700, 701);
  await waitFor(() => expect(viewport()).toEqual({ start: 650_000, end: 750_000 }));
});

test('the window is named by what it is a part of: the file, or the disk', () => {
  brush(0, 100);
  expect(screen.getByRole('slider', { name: 'Part of the file in view' })).toBeTruthy();
  cleanup();
  render(<OverviewBrush axis="guest" />);
  expect(screen.getByRole('slider', { name: 'Part of the disk in view' })).toBeTruthy();
});
