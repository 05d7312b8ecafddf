import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Stretches } from '../../../electron/capture/stretches.ts';

it('stretches are the bytes that were added, in order and apart', () => {
  const END = 2000;
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(END), fc.nat(50)), { maxLength: 2000 }), added => {
      const stretches = new Stretches(END, 2 ** 20);
      const wanted = new Uint8Array(END);
      for (const [start, length] of added) {
        stretches.add(start, length);
        wanted.fill(1, start, Math.min(END, start + length));
      }
      const found = new Uint8Array(END);
      let last = -1;
      for (const [start, end] of stretches.all()) {
        expect(start).toBeGreaterThan(last);
        expect(end).toBeGreaterThan(start);
        found.fill(1, start, end);
        last = end;
      }
      expect(found).toEqual(wanted);
      expect(stretches.left).toBe(0);
    }),
    { numRuns: 50 },
  );
});

it('stretches that are too many are left out and counted', () => {
  const stretches = new Stretches(2 ** 20, 256);
  for (let i = 0; i < 1000; i++) stretches.add(i * 100, 10);
  const kept = [...stretches.all()];
  expect(kept.length * 10 + stretches.left).toBe(10_000);
  expect(stretches.left).toBeGreaterThan(0);
});
