/** The bare work that the bench holds ours against does the work: it finds what a plain look at every cluster finds. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type FoundRuns,
  mergeByLoop,
  mergeThree,
  type RunList,
  SCANNED,
  scanEntries,
} from '../../bench/bounds.ts';

const CLUSTERS = 64;
const HOST = 0x1234_0005_0000n;
const COPIED = 1n << 63n;

/** A valid L2 entry of each kind. */
const ENTRIES: Readonly<Record<keyof typeof SCANNED, bigint>> = {
  unallocated: 0n,
  data: HOST | COPIED,
  zeroHole: 1n,
  zeroAllocated: HOST | COPIED | 1n,
};

const room = (): FoundRuns => ({ starts: new Uint32Array(CLUSTERS), codes: new Uint8Array(CLUSTERS) });

/** Where the values change, and what they are from there on. */
function changes(values: readonly number[]): { start: number; code: number }[] {
  return values.flatMap((code, start) => (values[start - 1] === code ? [] : [{ start, code }]));
}

function foundIn({ starts, codes }: FoundRuns, count: number): { start: number; code: number }[] {
  return Array.from({ length: count }, (_, i) => ({ start: starts[i] as number, code: codes[i] as number }));
}

function listOf(values: readonly number[]): RunList {
  const runs = changes(values);
  const ends = runs.map((_, i) => runs[i + 1]?.start ?? values.length);
  return { ends: Uint32Array.from(ends), codes: Uint8Array.from(runs, ({ code }) => code) };
}

const clusters = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: CLUSTERS, maxLength: CLUSTERS });

describe('the bare scan', () => {
  const kinds = Object.keys(SCANNED) as (keyof typeof SCANNED)[];

  it('finds every run of a table', () => {
    const table = fc.array(fc.constantFrom(...kinds), { minLength: CLUSTERS, maxLength: CLUSTERS });
    fc.assert(
      fc.property(table, names => {
        const view = new DataView(new ArrayBuffer(CLUSTERS * 8));
        for (const [i, name] of names.entries()) view.setBigUint64(i * 8, ENTRIES[name]);
        const found = room();
        const count = scanEntries(view, CLUSTERS, found);
        expect(foundIn(found, count)).toEqual(changes(names.map(name => SCANNED[name])));
      }),
    );
  });
});

describe('the bare merges', () => {
  it('split three lists where any of them changes', () => {
    fc.assert(
      fc.property(clusters, clusters, clusters, (a, b, c) => {
        const found = room();
        const count = mergeThree(listOf(a), listOf(b), listOf(c), found);
        const together = a.map((code, i) => code | ((b[i] as number) << 2) | ((c[i] as number) << 4));
        expect(foundIn(found, count)).toEqual(changes(together));
      }),
    );
  });

  it('split any number of lists in the plain way', () => {
    fc.assert(
      fc.property(fc.array(clusters, { minLength: 1, maxLength: 4 }), lists => {
        const found = room();
        const count = mergeByLoop(lists.map(listOf), found);
        const together = Array.from({ length: CLUSTERS }, (_, i) =>
          lists.reduce((sum, list, at) => sum | ((list[i] as number) << (at * 2)), 0),
        );
        expect(foundIn(found, count)).toEqual(changes(together));
      }),
    );
  });
});
