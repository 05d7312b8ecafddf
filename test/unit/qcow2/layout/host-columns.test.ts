import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HostColumns } from '../../../../electron/qcow2/layout/host-columns.ts';
import { runToEnd } from '../../../../electron/qcow2/read/sliced-work.ts';
import { HOST_KINDS, type HostKind } from '../../../../shared/model/layout.ts';

const CLUSTER = 4096;

interface Run {
  readonly start: number;
  readonly end: number;
  readonly kind: number;
}

/** Runs of random kinds over `clusters` clusters, the last of which is cut by `cut` bytes. */
const layouts = fc
  .record({
    lengths: fc.array(fc.tuple(fc.integer({ min: 1, max: 3000 }), fc.nat({ max: HOST_KINDS.length - 1 })), {
      minLength: 1,
      maxLength: 12,
    }),
    singles: fc.array(fc.nat({ max: HOST_KINDS.length - 1 }), { maxLength: 400 }),
    cut: fc.nat({ max: CLUSTER - 1 }),
  })
  .map(({ lengths, singles, cut }) => {
    const kinds = [...lengths.flatMap(([length, kind]) => Array<number>(length).fill(kind)), ...singles];
    const fileLength = kinds.length * CLUSTER - cut;
    const runs: Run[] = [];
    for (const [cluster, kind] of kinds.entries()) {
      const end = Math.min((cluster + 1) * CLUSTER, fileLength);
      const last = runs.at(-1);
      if (last?.kind === kind) runs[runs.length - 1] = { ...last, end };
      else runs.push({ start: cluster * CLUSTER, end, kind });
    }
    const columns = runToEnd(
      HostColumns.of(
        { clusters: kinds.length, indexOf: cluster => kinds[cluster] as number },
        fileLength,
        CLUSTER,
      ),
    );
    return { columns, fileLength, runs };
  });

test('every column has the bytes of each kind and the runs that touch it, at every level', () => {
  const numbers = fc.record({
    layout: layouts,
    level: fc.integer({ min: 9, max: 26 }),
    tile: fc.nat({ max: 3 }),
  });
  fc.assert(
    fc.property(numbers, ({ layout: { columns, fileLength, runs }, level, tile }) => {
      const span = 2 ** level;
      const { shares, runs: touching } = columns.tile(level, tile);
      for (let c = 0; c < touching.length; c++) {
        const from = (tile * touching.length + c) * span;
        const bytes = HOST_KINDS.map(() => 0);
        let count = 0;
        for (const { start, end, kind } of runs) {
          const inside = Math.min(end, from + span, fileLength) - Math.max(start, from);
          if (inside > 0) {
            bytes[kind] = (bytes[kind] as number) + inside;
            count++;
          }
        }
        expect(touching[c]).toBe(count);
        const share = shares.subarray(c * HOST_KINDS.length, (c + 1) * HOST_KINDS.length);
        expect([...share]).toEqual(bytes.map(part => Math.fround(part / span)));
      }
    }),
    { numRuns: 60 },
  );
});

test('the sums are the length of the file, and every run of a kind is found forward and backward', () => {
  fc.assert(
    fc.property(layouts, ({ columns, fileLength, runs }) => {
      const sums = columns.sums();
      expect(HOST_KINDS.reduce((sum, kind) => sum + sums[kind], 0)).toBe(fileLength);
      for (const [i, kind] of HOST_KINDS.entries()) {
        const starts = runs.filter(run => run.kind === i).map(({ start }) => start);
        expect(columns.runsOf(kind)).toBe(starts.length);
        expect(walk(columns, kind, -1, false)).toEqual(starts);
        expect(walk(columns, kind, fileLength, true)).toEqual(starts.toReversed());
      }
    }),
    { numRuns: 60 },
  );
});

/** The starts of all runs of a kind, found one after the other. */
function walk(columns: HostColumns, kind: HostKind, from: number, backwards: boolean): number[] {
  const found: number[] = [];
  for (let at = from; ; ) {
    at = runToEnd(columns.next(kind, at, backwards));
    if (at < 0) return found;
    found.push(at);
  }
}
