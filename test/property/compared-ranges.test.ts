/** The list, searches and sums of a comparison against plain arrays: by tables alone, and where content is compared up to a seam. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ComparedRanges } from '../../electron/service/compare/compared-ranges.ts';
import { maskOf, RangeTable } from '../../electron/service/compare/range-table.ts';
import type { Relation } from '../../shared/compare/differences.ts';
import { ABSENT, HOLE, LOCAL, ZERO } from '../../shared/extent/flags.ts';
import { DIFFERENCE_KINDS, type DifferenceKind } from '../../shared/model/comparison.ts';

const RELATIONS: readonly Relation[] = [...DIFFERENCE_KINDS, 'same'];
const SIDES = [
  { word: LOCAL, owner: 0 },
  { word: ABSENT | HOLE | ZERO, owner: -1 },
];

interface Piece {
  readonly length: number;
  readonly relation: Relation;
  readonly a: number;
}

const piece: fc.Arbitrary<Piece> = fc.record({
  length: fc.integer({ min: 1, max: 50 }),
  relation: fc.constantFrom(...RELATIONS),
  a: fc.nat({ max: 1 }),
});

/** One entry for each byte. */
type Bytes = readonly string[];

function bytesOf(pieces: readonly Piece[]): Bytes {
  return pieces.flatMap(({ length, relation, a }) => new Array<string>(length).fill(`${relation} ${a}`));
}

function addAll(table: RangeTable, pieces: readonly Piece[]): void {
  for (const { length, relation, a } of pieces) table.add(table.end + length, relation, SIDES[a]!, SIDES[0]!);
}

/** Runs of equal bytes, cut at the seam. */
function runsOf(bytes: Bytes, seam: number): { start: number; end: number; kind: string }[] {
  const runs: { start: number; end: number; kind: string; key: string }[] = [];
  bytes.forEach((key, at) => {
    const last = runs.at(-1);
    if (last?.key === key && at !== seam) last.end = at + 1;
    else runs.push({ start: at, end: at + 1, kind: key.split(' ')[0]!, key });
  });
  return runs.map(({ start, end, kind }) => ({ start, end, kind }));
}

test('pages, searches and sums are those of plain arrays', () => {
  fc.assert(
    fc.property(
      fc.array(piece, { minLength: 1, maxLength: 30 }),
      fc.array(piece, { maxLength: 30 }),
      fc.subarray([...DIFFERENCE_KINDS], { minLength: 1 }),
      fc.nat({ max: 40 }),
      (tables, content, kinds, skip) => {
        const ranges = new ComparedRanges();
        addAll(ranges.newest, tables);
        const byTables = bytesOf(tables);
        const byContent = bytesOf(content).slice(0, byTables.length);
        if (content.length > 0) {
          ranges.beginContent();
          const cut: Piece[] = [];
          let at = 0;
          for (const own of content) {
            const length = Math.min(own.length, byTables.length - at);
            if (length > 0) cut.push({ ...own, length });
            at += length;
          }
          addAll(ranges.newest, cut);
        }
        const bytes = [...byContent, ...byTables.slice(byContent.length)];
        const runs = runsOf(bytes, byContent.length);
        const wanted = runs.filter(({ kind }) => kinds.includes(kind as DifferenceKind));
        const plain = wanted.map(({ start, end, kind }) => ({ start, length: end - start, kind }));

        const { rows, total } = ranges.page({ kinds, skip, most: 7 });
        expect(total).toBe(plain.length);
        expect(rows.map(({ start, length, kind }) => ({ start, length, kind }))).toEqual(
          plain.slice(skip, skip + 7),
        );
        const from = Math.min(skip, bytes.length);
        const next = plain.findIndex(({ start }) => start > from);
        const before = plain.findLastIndex(({ start }) => start < from);
        const found = (backwards: boolean) => ranges.find({ kinds, from, backwards });
        expect(found(false)?.row ?? -1).toBe(next);
        expect(found(true)?.row ?? -1).toBe(before);
        expect(found(false)?.difference.start).toBe(plain[next]?.start);
        const sums = ranges.sums();
        for (const kind of DIFFERENCE_KINDS) {
          expect(sums.kinds[kind].bytes).toBe(bytes.filter(byte => byte.startsWith(`${kind} `)).length);
          expect(sums.kinds[kind].ranges).toBe(runs.filter(run => run.kind === kind).length);
        }
        expect(sums.same).toBe(bytes.filter(byte => byte.startsWith('same ')).length);
        const walked: string[] = [];
        ranges.each(skip, bytes.length, (start, end, { relation }) => {
          for (let i = start; i < end; i++) walked.push(relation);
          return true;
        });
        expect(walked).toEqual(bytes.slice(skip).map(byte => byte.split(' ')[0]));
      },
    ),
    { numRuns: 500 },
  );
});

test('a table of many blocks finds the nth range of a kind, and the next and last one', () => {
  const table = new RangeTable();
  const count = 20_000;
  for (let i = 0; i < count; i++)
    table.add(i + 1, i % 5000 === 0 ? 'content' : i % 2 ? 'state' : 'same', SIDES[0]!, SIDES[0]!);
  const content = maskOf(['content']);
  expect([0, 1, 2, 3, 4].map(n => table.nth(n, content))).toEqual([0, 5000, 10_000, 15_000, table.count]);
  expect(table.nextOf(5001, content)).toBe(10_000);
  expect(table.previousOf(5000, content)).toBe(0);
  expect(table.previousOf(0, content)).toBe(-1);
  expect(table.countBefore(10_001, content)).toBe(3);
  expect(table.indexAt(12_345)).toBe(12_345);
});
