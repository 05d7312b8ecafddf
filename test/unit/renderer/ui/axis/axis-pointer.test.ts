import { fireEvent } from '@testing-library/react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { navigationOf } from '../../../../../renderer/state/axes/axis-navigation.ts';
import { getAxis, getState, setAxis, useStore } from '../../../../../renderer/state/store.ts';
import { AxisPointer } from '../../../../../renderer/ui/axis/axis-pointer.ts';

const BLANK = getState();
const SIZE = 1_000_000;
const element = document.createElement('div');
const actions = {
  onHover: vi.fn(),
  onHoverEnd: vi.fn(),
  onClick: vi.fn(),
  onDoubleClick: vi.fn(),
  onContextMenu: vi.fn(),
};
let stop: () => void;

beforeEach(() => {
  useStore.setState(BLANK, true);
  setAxis('host', { size: SIZE, width: 1000, viewport: { start: 200_000, end: 400_000 } });
  element.setPointerCapture = () => {};
  document.body.append(element);
  stop = new AxisPointer(element, 'host', actions).listen();
});
afterEach(() => {
  stop();
  navigationOf('host').stop();
  vi.clearAllMocks();
});

/** The test's DOM makes wheel events without their deltas. */
function turnWheel(init: WheelEventInit): void {
  const { deltaX = 0, deltaY = 0, deltaMode = 0 } = init;
  const event = new MouseEvent('wheel', { bubbles: true, cancelable: true, ...init });
  element.dispatchEvent(Object.assign(event, { deltaX, deltaY, deltaMode }));
}

const viewport = () => getAxis('host').viewport;

test('the wheel zooms and keeps the offset under the pointer', () => {
  turnWheel({ clientX: 250, deltaY: -240 });
  expect(viewport()).toEqual({ start: 225_000, end: 325_000 });
  turnWheel({ clientX: 250, deltaY: 10, deltaMode: 1 }); // ten lines double the span
  expect(viewport().start).toBeCloseTo(200_000, 3);
  expect(viewport().end).toBeCloseTo(400_000, 3);
});

test('a pinch, which arrives as Ctrl+wheel, zooms four times as fast', () => {
  turnWheel({ clientX: 0, deltaY: -60, ctrlKey: true });
  expect(viewport()).toEqual({ start: 200_000, end: 300_000 });
});

test.each([
  ['Shift and the wheel', { deltaY: 100, shiftKey: true }],
  ['a sideways wheel', { deltaX: 100, deltaY: 20 }],
])('%s pan by as many pixels as the wheel turned', (_, wheel) => {
  turnWheel(wheel);
  expect(viewport()).toEqual({ start: 220_000, end: 420_000 });
});

test('a drag pans with the pointer, ends hovering and is no click', () => {
  fireEvent.pointerDown(element, { clientX: 500, button: 0 });
  fireEvent.pointerMove(element, { clientX: 502 }); // not far enough yet
  expect(viewport()).toEqual({ start: 200_000, end: 400_000 });
  fireEvent.pointerMove(element, { clientX: 400 });
  expect(viewport()).toEqual({ start: 220_000, end: 420_000 });
  expect(element.dataset.dragging).toBe('true');
  fireEvent.pointerUp(element, { clientX: 400 });
  expect(element.dataset.dragging).toBeUndefined();
  expect(actions.onHoverEnd).toHaveBeenCalledTimes(1);
  expect(actions.onClick).not.toHaveBeenCalled();
  expect(actions.onHover).not.toHaveBeenCalled();
});

test('a press that does not move is a click at its offset; another button or a cancelled press is none', () => {
  fireEvent.pointerDown(element, { clientX: 500, button: 0 });
  fireEvent.pointerUp(element, { clientX: 500 });
  expect(actions.onClick.mock.calls).toEqual([[{ offset: 300_000, px: 500 }]]);
  fireEvent.pointerDown(element, { clientX: 500, button: 1 });
  fireEvent.pointerUp(element, { clientX: 500 });
  fireEvent.pointerDown(element, { clientX: 500, button: 0 });
  fireEvent.pointerCancel(element, { clientX: 500 });
  expect(actions.onClick).toHaveBeenCalledTimes(1);
});

test('hovering, double clicks and the context menu tell the offset', () => {
  const at = { offset: 250_000, px: 250 };
  fireEvent.pointerMove(element, { clientX: 250 });
  expect(actions.onHover.mock.calls).toEqual([[at]]);
  fireEvent.doubleClick(element, { clientX: 250 });
  expect(actions.onDoubleClick.mock.calls).toEqual([[at]]);
  expect(fireEvent.contextMenu(element, { clientX: 250 })).toBe(false); // the system's menu does not open
  expect(actions.onContextMenu.mock.calls[0]?.[0]).toEqual(at);
  fireEvent.pointerLeave(element);
  expect(actions.onHoverEnd).toHaveBeenCalledTimes(1);
});

test('before the axis is laid out nothing hovers, and after it was stopped nothing moves', () => {
  setAxis('host', { width: 0 });
  fireEvent.pointerMove(element, { clientX: 250 });
  expect(actions.onHover).not.toHaveBeenCalled();
  setAxis('host', { width: 1000 });
  stop();
  turnWheel({ clientX: 250, deltaY: -240 });
  expect(viewport()).toEqual({ start: 200_000, end: 400_000 });
});
