import { expect, test } from 'vitest';
import { BINS_PER_PAGE, binsPerPageFor, createPyramid } from '../../../../shared/extent/pyramid.ts';

/** Most layers of a chain. */
const LAYERS = 200;

test('many tracks have fewer bins in a page, so that all together stay within bounds', () => {
  expect(binsPerPageFor(4096, 4)).toBe(BINS_PER_PAGE);
  expect(binsPerPageFor(4096, 32)).toBe(BINS_PER_PAGE);
  expect(binsPerPageFor(4096, 33)).toBe(BINS_PER_PAGE / 2);
  expect(binsPerPageFor(4096, LAYERS + 1)).toBe(4);
  expect(binsPerPageFor(1, LAYERS + 1)).toBe(BINS_PER_PAGE);
  expect(binsPerPageFor(4096, 100_000)).toBe(1);
  const { tracks, binSpan } = createPyramid(4096, 2 ** 30, LAYERS);
  expect(binSpan).toBe(2 ** 28);
  expect(tracks.map(({ count }) => count)).toEqual(Array(LAYERS + 1).fill(4096 * 4));
});
