import { expect, test } from 'vitest';
import { DEFAULT_SIZE, openingBounds } from '../../../../electron/shell/window/window-bounds.ts';

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

test.each([
  undefined,
  null,
  7,
  {},
  { x: 0, y: 0, width: '900', height: 700 },
  { x: 0, y: 0, width: 900, height: Number.NaN },
  { x: 0, y: 0, width: 2 ** 30, height: 700 },
  { x: 0, y: 0, width: 50, height: 700 },
  { x: 9000, y: 0, width: 900, height: 700 },
  { x: 0, y: -600, width: 900, height: 700 },
  { x: -850, y: 0, width: 900, height: 700 },
])('%j is no place for a window', bounds => {
  expect(openingBounds(bounds, screens)).toEqual(DEFAULT_SIZE);
});
