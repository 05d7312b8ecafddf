import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  ContextReader,
  type ContextRuns,
  createRuns,
  valueOfRun,
} from '../../electron/service/nbd/context-runs.ts';
import { KeptRuns } from '../../electron/service/nbd/kept-runs.ts';
import { statusList } from '../support/status-lists.ts';

interface Run {
  start: number;
  length: number;
  word: bigint;
}

const MAX_WORD = 2n ** 64n - 1n;
const word = fc.oneof(
  fc.constantFrom(0n, 1n, 3n, 253n, 254n, 255n, 256n, 2n ** 31n, 2n ** 32n, 2n ** 53n, MAX_WORD),
  fc.bigInt({ min: 0n, max: MAX_WORD }),
);
const length = fc.oneof(
  fc.constantFrom(1, 3, 512, 65_536, 3 * 65_536, 2 ** 31, 2 ** 32, 2 ** 32 - 512),
  fc.integer({ min: 1, max: 2 ** 40 }),
);

function listOf(runs: ContextRuns): Run[] {
  return Array.from({ length: runs.count }, (_, i) => ({
    start: runs.starts[i]!,
    length: runs.lengths[i]!,
    word: BigInt(valueOfRun(runs, i)),
  }));
}

/** Neighbors of equal words as one run. */
function joined(runs: readonly Run[]): Run[] {
  const list: Run[] = [];
  for (const run of runs) {
    const last = list.at(-1);
    if (last !== undefined && last.word === run.word && last.start + last.length === run.start)
      last.length += run.length;
    else list.push({ ...run });
  }
  return list;
}

test('extents of batches with gaps between them come out as runs with equal neighbors joined', () => {
  const batch = fc.record({
    wide: fc.boolean(),
    gap: fc.constantFrom(0, 0, 65_536),
    cut: fc.constantFrom(0, 1, 512),
    extents: fc.array(fc.tuple(length, word), { minLength: 1, maxLength: 12 }),
  });
  fc.assert(
    fc.property(fc.array(batch, { maxLength: 8 }), batches => {
      const reader = new ContextReader();
      const found: Run[] = [];
      const expected: Run[] = [];
      let position = 0;
      for (const { wide, gap, cut, extents } of batches) {
        const entries = extents.map(([bytes, value]) =>
          wide
            ? { length: bytes, value }
            : { length: Math.min(bytes, 2 ** 32 - 1), value: value & 0xffffffffn },
        );
        const offset = position + gap;
        let at = offset;
        for (const entry of entries) {
          expected.push({ start: at, length: entry.length, word: entry.value });
          at += entry.length;
        }
        // A batch may cover less than its lists hold.
        const last = expected.at(-1)!;
        const kept = Math.max(1, last.length - cut);
        at -= last.length - kept;
        last.length = kept;
        const list = statusList(0, entries, wide);
        for (const runs of reader.read(list, { offset, covered: at - offset, lists: [list] }))
          found.push(...listOf(runs));
        position = at;
      }
      found.push(...listOf(reader.finish()));
      expect(found).toEqual(joined(expected));
    }),
  );
});

/** Two bytes for a run of the worst usual case, so that 16 million of them take 32 MiB. */
test('runs of one cluster each are kept in two bytes', () => {
  const kept = new KeptRuns();
  const runs = createRuns();
  runs.count = 4096;
  for (let batch = 0; batch < 64; batch++) {
    for (let i = 0; i < runs.count; i++) {
      runs.starts[i] = (batch * 4096 + i) * 65_536;
      runs.lengths[i] = 65_536;
      runs.keys[i] = i & 3;
    }
    kept.add(runs);
  }
  expect(kept.bytes).toBeLessThanOrEqual(2 * 64 * 4096 + 2 ** 16);
});

test('runs that are kept come out once, as they went in', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(0, 0, 0, 512, 2 ** 45), length, word), { maxLength: 60 }),
      fc.integer({ min: 1, max: 200 }),
      (list, repeats) => {
        const runs: Run[] = [];
        let position = 0;
        for (let i = 0; i < repeats; i++)
          for (const [gap, bytes, value] of list) {
            position += gap;
            if (position + bytes > Number.MAX_SAFE_INTEGER) break;
            runs.push({ start: position, length: bytes, word: value });
            position += bytes;
          }
        const kept = new KeptRuns();
        const room = createRuns();
        for (let at = 0; at < runs.length; at += room.starts.length) {
          const part = runs.slice(at, at + room.starts.length);
          room.count = part.length;
          part.forEach((run, i) => {
            room.starts[i] = run.start;
            room.lengths[i] = run.length;
            room.keys[i] = Number(run.word & 0xffffffffn);
            room.highs[i] = Number(run.word >> 32n);
          });
          kept.add(room);
        }
        expect([...kept.take()].flatMap(listOf)).toEqual(runs);
        expect([...kept.take()]).toEqual([]);
      },
    ),
    { numRuns: 50 },
  );
});
