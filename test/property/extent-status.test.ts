import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFeeder } from '../../shared/extent/feeder.ts';
import { DIRTY, DIRTY_UNKNOWN, HOLE, LOCAL, stateOf, ZERO } from '../../shared/extent/flags.ts';
import { pageIndexAt } from '../../shared/extent/page.ts';
import type { StatusBatch, StatusList } from '../../shared/extent/status-batch.ts';
import { decodeBatch, decodePlan, type OwnTable } from '../../shared/extent/status-decoder.ts';
import { createTable, type ExtentTable } from '../../shared/extent/table.ts';
import { contextWithRole, type ExportKind, NBD_CONTEXTS } from '../../shared/nbd-contexts.ts';
import { arbitraryRuns } from '../support/extent-arbitraries.ts';
import { type NaiveStatus, naiveStatusWord } from '../support/naive-model.ts';
import { type StatusEntry, statusList } from '../support/status-lists.ts';

const SERVER_ERROR = { code: 'NBD_STATUS_FAILED', what: 'no', subject: '', advice: '' };

/** The name on the wire of a context with this role, or one of no known meaning. */
function nameOf(role: string): string {
  const row = NBD_CONTEXTS.find(candidate => candidate.role === role);
  return row === undefined ? 'x-unknown:context' : row.name;
}

const BOTH = [nameOf('allocation'), nameOf('depth')];

/** Values of each context of an export unit by unit, and how the walk over it is cut into batches. */
interface Walk {
  readonly size: number;
  readonly kind: ExportKind;
  readonly contexts: readonly ('allocation' | 'depth' | 'bitmap' | 'ignored')[];
  readonly values: readonly (readonly number[])[];
  /** Units that the batch covers, units that each list runs past it, whether it failed, whether lengths are wide. */
  readonly batches: readonly {
    covered: number;
    surplus: readonly number[];
    failed: boolean;
    wide: boolean;
  }[];
}

const allocation = fc.constantFrom(0, 1, 2, 3, 4, 0xfffffffc, 0x80000003);
const depth = fc.constantFrom(0, 1, 2, 3, 30, 31, 32, 64, 65, 0xffffffff);
const dirty = fc.constantFrom(0, 1, 2, 3);

function arbitraryWalk(): fc.Arbitrary<Walk> {
  const contexts = fc.uniqueArray(fc.constantFrom('allocation', 'depth', 'bitmap', 'ignored'), {
    minLength: 1,
    maxLength: 4,
  }) as fc.Arbitrary<Walk['contexts'][number][]>;
  const size = 120;
  return contexts.chain(names =>
    fc.record({
      size: fc.constant(size),
      kind: fc.constantFrom<ExportKind>('isolatedLayer', 'rawLayer', 'wholeChain'),
      contexts: fc.constant(names),
      values: fc.tuple(
        ...names.map(name =>
          arbitraryRuns(name === 'allocation' ? allocation : name === 'depth' ? depth : dirty, 30).map(runs =>
            Array.from({ length: size }, (_, unit) => runs[unit % runs.length] as number),
          ),
        ),
      ),
      batches: fc.array(
        fc.record({
          covered: fc.integer({ min: 1, max: 50 }),
          surplus: fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 4, maxLength: 4 }),
          failed: fc.integer({ min: 0, max: 5 }).map(die => die === 0),
          wide: fc.boolean(),
        }),
        { minLength: 1, maxLength: 8 },
      ),
    }),
  );
}

/** Entries for a list of values, neighbors joined but for every `parted`th one. */
function entriesOf(values: readonly number[], scale: number, parted: number): StatusEntry[] {
  const entries: StatusEntry[] = [];
  values.forEach((value, i) => {
    const last = entries.at(-1);
    if (last?.value === value && i % (parted + 2) !== 0)
      entries[entries.length - 1] = { length: last.length + scale, value };
    else entries.push({ length: scale, value });
  });
  return entries;
}

function wordsOf(table: ExtentTable, units: number, scale: number): number[] {
  return Array.from({ length: units }, (_, unit) => {
    const offset = unit * scale;
    const page = table.pages[Math.floor(offset / table.pageSpan)]!;
    return table.words.word(page.codes[pageIndexAt(page, offset % table.pageSpan)]!);
  });
}

test('contexts of unequal coverage merge into the words of what every one of them says', () => {
  fc.assert(
    fc.property(
      arbitraryWalk(),
      fc.constantFrom(1, 4096),
      fc.constantFrom(8, 64, 128),
      (walk, scale, pageUnits) => {
        const { size, kind, contexts, values } = walk;
        const layer = createTable(size * scale, pageUnits * scale);
        const feeder = createFeeder(layer);
        const bitmap = createTable(size * scale, pageUnits * scale);
        const own: OwnTable = {
          contextIndex: contexts.indexOf('bitmap'),
          context: contextWithRole('bitmap'),
          feeder: createFeeder(bitmap),
        };
        const plan = decodePlan(kind, contexts.map(nameOf), feeder, own.contextIndex < 0 ? [] : [own]);

        const expected: number[] = [];
        const expectedDirty: number[] = [];
        let at = 0;
        for (const { covered, surplus, failed, wide } of walk.batches) {
          const end = Math.min(size, at + covered);
          if (end === at) break;
          const lists = values.map((list, i): StatusList => {
            const slice = list.slice(at, Math.min(size, end + (surplus[i] ?? 0)));
            return statusList(i, entriesOf(slice, scale, surplus[i] ?? 0), wide);
          });
          const batch: StatusBatch = {
            offset: at * scale,
            covered: (end - at) * scale,
            lists: failed ? [] : lists,
            ...(failed ? { unreadable: SERVER_ERROR } : {}),
          };
          decodeBatch(batch, plan);
          for (; at < end; at++) {
            const said = (use: string) => values[contexts.indexOf(use as 'depth')]?.[at];
            const status: NaiveStatus = {
              allocation: said('allocation'),
              depth: said('depth'),
              unreadable: failed,
            };
            expected.push(naiveStatusWord(kind, status));
            expectedDirty.push(failed ? DIRTY_UNKNOWN : (said('bitmap') ?? 0) % 2 === 1 ? DIRTY : 0);
          }
        }
        expect(feeder.position).toBe(at * scale);
        feeder.flush();
        expect(wordsOf(layer, at, scale)).toEqual(expected);
        if (own.contextIndex >= 0) {
          own.feeder.flush();
          expect(wordsOf(bitmap, at, scale)).toEqual(expectedDirty);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('the high half of a wide entry counts for depths and is masked for flags', () => {
  const lists = [
    statusList(0, [{ length: 8, value: 2 ** 33 + 3 }], true),
    statusList(
      1,
      [
        { length: 4, value: 2 ** 32 },
        { length: 4, value: 2 ** 32 + 1 },
      ],
      true,
    ),
  ];
  const wordOfKind = (kind: ExportKind) => {
    const table = createTable(8, 8);
    const feeder = createFeeder(table);
    decodeBatch({ offset: 0, covered: 8, lists }, decodePlan(kind, BOTH, feeder, []));
    feeder.flush();
    return wordsOf(table, 8, 1);
  };
  expect(wordOfKind('isolatedLayer')).toEqual(new Array(8).fill(LOCAL | HOLE | ZERO));
  expect(wordOfKind('wholeChain')).toEqual(new Array(8).fill(HOLE | ZERO));
});

test('bits above the low half of a joint number change nothing, alone and beside base:allocation', () => {
  const joint = [0, 1, 2, 3, 4, 5, 6, 7];
  const listOf = (index: number, values: readonly number[]) =>
    statusList(
      index,
      values.map(value => ({ length: 1, value })),
      true,
    );
  const words = (kind: ExportKind, high: number, beside: boolean) => {
    const table = createTable(8, 8);
    const feeder = createFeeder(table);
    const lists = [
      listOf(
        0,
        joint.map(value => value + high),
      ),
    ];
    if (beside)
      lists.push(
        listOf(
          1,
          joint.map(value => value & 3),
        ),
      );
    const names = [nameOf('joint'), nameOf('allocation')].slice(0, lists.length);
    decodeBatch({ offset: 0, covered: 8, lists }, decodePlan(kind, names, feeder, []));
    feeder.flush();
    return wordsOf(table, 8, 1);
  };
  for (const kind of ['isolatedLayer', 'rawLayer', 'wholeChain'] as const) {
    const plain = words(kind, 0, false);
    if (kind !== 'rawLayer') expect(plain.map(word => (word & LOCAL) !== 0)).toEqual(joint.map(n => n >= 4));
    for (const high of [2 ** 32, 2 ** 40 + 2 ** 33, 2 ** 52])
      for (const beside of [false, true]) expect(words(kind, high, beside)).toEqual(plain);
  }
});

test('an entry longer than 2^32 bytes, and one longer than any offset, are cut at what is covered', () => {
  const size = 2 ** 40;
  const table = createTable(size, 2 ** 30);
  const feeder = createFeeder(table);
  const lists = [
    statusList(
      0,
      [
        { length: 2 ** 36, value: 3 },
        { length: 2 ** 63, value: 0 },
      ],
      true,
    ),
    statusList(1, [{ length: 2 ** 63, value: 1 }], true),
  ];
  const batch = { offset: 0, covered: size, lists };
  decodeBatch(batch, decodePlan('isolatedLayer', BOTH, feeder, []));
  expect(feeder.position).toBe(size);
  expect(feeder.extents).toBe(table.pages.length);
  const states = table.pages.map(page => stateOf(table.words.word(page?.codes[0] as number)));
  expect(states.slice(0, 64)).toEqual(new Array(64).fill('zeroHole'));
  expect(states.slice(64)).toEqual(new Array(table.pages.length - 64).fill('data'));
});
