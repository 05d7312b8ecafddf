import { expect, test } from 'vitest';
import {
  BOUNDS_FORMAT,
  DEFAULT_SIZE,
  openingBounds,
} from '../../../../electron/shell/window/window-bounds.ts';
import { decodeState } from '../../../../shared/stored/stored-state.ts';

const screens = [
  { x: 0, y: 0, width: 1920, height: 1080 },
  { x: 1920, y: 0, width: 1280, height: 1024 },
];

test.each([
  { x: 10, y: 20, width: 900, height: 700 },
  { x: 2000, y: 0, width: 900, height: 700 },
  { x: -500, y: 0, width: 900, height: 700 },
])('%j is where the window was left', bounds => {
  expect(openingBounds(bounds, screens)).toEqual(bounds);
});

test('bounds are stored with or without a version', () => {
  const bounds = { x: -10, y: 20, width: 900, height: 700 };
  const older = { kind: 'valid', value: bounds, isOlder: true };
  expect(decodeState(BOUNDS_FORMAT, JSON.stringify(bounds))).toEqual(older);
  const stored = JSON.stringify({ version: 1, ...bounds });
  expect(decodeState(BOUNDS_FORMAT, stored)).toEqual({ ...older, isOlder: false });
});

test.each([
  {},
  { x: 0, y: 0, width: '900', height: 700 },
  { x: 0, y: 0, width: 900, height: null },
  { x: 0, y: 0, width: 900.5, height: 700 },
  { x: 0, y: 0, width: 2 ** 30, height: 700 },
])('%j is not what is stored', bounds => {
  expect(decodeState(BOUNDS_FORMAT, JSON.stringify(bounds))).toEqual({ kind: 'broken' });
});

test.each([
  undefined,
  { x: 0, y: 0, width: 50, height: 700 },
  { x: 9000, y: 0, width: 900, height: 700 },
  { x: 0, y: -600, width: 900, height: 700 },
  { x: -850, y: 0, width: 900, height: 700 },
])('%j is no place for a window', bounds => {
  expect(openingBounds(bounds, screens)).toEqual(DEFAULT_SIZE);
});
