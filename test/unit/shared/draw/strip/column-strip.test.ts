import { expect, test } from 'vitest';
import { MIXED, NOTHING, solePart } from '../../../../../shared/draw/strip/column-strip.ts';
import { PRESENT } from '../../../../../shared/model/tile.ts';

test('a mask of one part is that part', () => {
  expect(solePart(0)).toBe(NOTHING);
  expect(solePart(PRESENT.dirty)).toBe(NOTHING);
  expect(solePart(1 | PRESENT.dirty)).toBe(0);
  expect(solePart(1 << 7)).toBe(7);
  expect(solePart(0b11)).toBe(MIXED);
});
