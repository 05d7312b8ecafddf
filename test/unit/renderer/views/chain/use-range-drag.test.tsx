import { fireEvent, screen } from '@testing-library/react';
import { beforeEach, expect, test } from 'vitest';
import { openTarget } from '../../../../../renderer/state/chain/opening.ts';
import { getAxis, getState, setAxis } from '../../../../../renderer/state/store.ts';
import { goldenChain } from '../../../../support/window/fake-chain.ts';
import { start } from '../../../../support/window/fake-window.tsx';

const K64 = 65_536;
const CLUSTERS = 20;

beforeEach(() => {
  HTMLElement.prototype.setPointerCapture = () => {};
});

/** The golden chain of 20 clusters on an axis of 1000 px, 50 px a cluster. */
async function opened(): Promise<HTMLElement> {
  start(goldenChain());
  await openTarget({ kind: 'files', files: ['/images/top.qcow2'] });
  await screen.findByRole('heading', { level: 2, name: 'Guest' });
  const { size } = getAxis('guest');
  setAxis('guest', { width: 1000, viewport: { start: 0, end: size } });
  return document.querySelector('.axis') as HTMLElement;
}

/** Presses at one pixel and moves to another one. */
function drag(axis: HTMLElement, from: number, to: number, altKey = false): void {
  fireEvent.pointerDown(axis, { button: 0, clientX: from });
  fireEvent.pointerMove(axis, { clientX: to, altKey });
  fireEvent.pointerUp(axis);
}

test('a range that is dragged to within 8 px of an end of the disk reaches that end, unless Alt is held', async () => {
  const axis = await opened();
  const { size } = getAxis('guest');
  drag(axis, 7, 993);
  expect(getState().range).toEqual({ start: 0, end: size });
  drag(axis, 120, 330);
  expect(getState().range).toEqual({ start: 2 * K64, end: 7 * K64 });
  drag(axis, 5, 995, true);
  const { start: first = 0, end: last = 0 } = getState().range ?? {};
  expect(first).toBeCloseTo((5 / 50) * K64, -1);
  expect(last).toBeCloseTo((CLUSTERS - 5 / 50) * K64, -1);
});
