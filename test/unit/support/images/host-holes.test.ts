import { describe, expect, it } from 'vitest';
import { GOLDEN_QEMU_MAP } from '../../../support/golden-table.ts';
import { allocationWithoutHostHoles, mapWithoutHostHoles } from '../../../support/images/host-holes.ts';

const data = { depth: 0, present: true, zero: false, data: true };

describe('without host holes', () => {
  it('joins what the guess had parted, and only that', () => {
    expect(
      mapWithoutHostHoles([
        { start: 0, length: 10, ...data, offset: 100 },
        { start: 10, length: 10, ...data, zero: true, offset: 110 },
        { start: 20, length: 10, ...data, offset: 120 },
        { start: 30, length: 10, ...data, offset: 200 },
        { start: 40, length: 10, depth: 0, present: true, zero: true, data: false },
      ]),
    ).toEqual([
      { start: 0, length: 30, ...data, offset: 100 },
      { start: 30, length: 10, ...data, offset: 200 },
      { start: 40, length: 10, depth: 0, present: true, zero: true, data: false },
    ]);
    expect(mapWithoutHostHoles(GOLDEN_QEMU_MAP)).toEqual(GOLDEN_QEMU_MAP);
  });

  it('makes zero without hole data again', () => {
    expect(
      allocationWithoutHostHoles([
        { offset: 0, length: 10, type: 0, description: 'data' },
        { offset: 10, length: 10, type: 2, description: 'zero' },
        { offset: 20, length: 10, type: 3, description: 'hole,zero' },
      ]),
    ).toEqual([
      { offset: 0, length: 20, type: 0, description: 'data' },
      { offset: 20, length: 10, type: 3, description: 'hole,zero' },
    ]);
  });
});
