/** The comparison of two disks against a plain model: a word and a byte per unit, and loops over all of them. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareDisks } from '../../electron/service/compare/compare-disks.ts';
import type { ComparedDisk } from '../../electron/service/compare/guest-cursor.ts';
import type { LayerIdentity } from '../../electron/service/content/content-source.ts';
import { CowscopeError } from '../../shared/error.ts';
import {
  ABSENT,
  COMPRESSED,
  DAMAGED,
  HOLE,
  LOCAL,
  RESERVED,
  stateOf,
  UNREADABLE,
  ZERO,
} from '../../shared/extent/flags.ts';
import type { QuestionArgs, QuestionName, QuestionReply } from '../../shared/ipc/questions.ts';
import type { Difference } from '../../shared/model/comparison.ts';

const UNIT = 512;
const DATA = LOCAL;
const UNITS_IN_REPLY = 3;

/** Words of a guest's view, each with whether it reads as zeros, as data, or as nothing that is known. */
const WORDS = [
  { word: DATA, reads: 'data' },
  { word: LOCAL | COMPRESSED, reads: 'data' },
  { word: LOCAL | HOLE | ZERO, reads: 'zeros' },
  { word: LOCAL | HOLE | ZERO | RESERVED, reads: 'zeros' },
  { word: ABSENT | HOLE | ZERO, reads: 'zeros' },
  { word: LOCAL | UNREADABLE, reads: 'unknown' },
  { word: LOCAL | UNREADABLE | DAMAGED, reads: 'zeros' }, // data past the end of its file
  { word: LOCAL | COMPRESSED | UNREADABLE | DAMAGED, reads: 'unknown' },
] as const;

interface Unit {
  readonly kind: number;
  /** Its bytes, where it holds data. */
  readonly byte: number;
  /** Reading it fails. */
  readonly fails: boolean;
}

interface NaiveDisk {
  readonly units: readonly Unit[];
  /** Bytes short of whole units. */
  readonly short: number;
}

const disk: fc.Arbitrary<NaiveDisk> = fc.record({
  units: fc.array(
    fc.record({
      kind: fc.nat({ max: WORDS.length - 1 }),
      byte: fc.nat({ max: 1 }),
      fails: fc.integer({ min: 0, max: 9 }).map(n => n === 0),
    }),
    { minLength: 1, maxLength: 24 },
  ),
  short: fc.constantFrom(0, 0, 100, 511),
});

const sizeOf = ({ units, short }: NaiveDisk) => units.length * UNIT - short;
const identities: LayerIdentity[] = [{ holder: '', file: '' }];

/** A session that knows a disk alone: runs in small parts, and content that may fail. */
function sessionOf(naive: NaiveDisk): ComparedDisk['session'] {
  const { units } = naive;
  const size = sizeOf(naive);
  async function ask<Q extends QuestionName>(_: Q, args: QuestionArgs<Q>): Promise<QuestionReply<Q>> {
    const { start } = args as { start: number };
    const first = start / UNIT;
    const part = units.slice(first, first + UNITS_IN_REPLY);
    return {
      end: Math.min(size, start + part.length * UNIT),
      starts: Float64Array.from(part, (_, i) => start + i * UNIT),
      words: Uint32Array.from(part, ({ kind }) => WORDS[kind]!.word),
      owners: Int16Array.from(part, ({ kind }) => (WORDS[kind]!.word & LOCAL ? 0 : -1)),
      hosts: new Float64Array(part.length).fill(-1),
    } as unknown as QuestionReply<Q>;
  }
  return {
    ask,
    chain: { layers: [], size, complete: true, notes: [], findings: [] },
    content: {
      identities: () => identities,
      open: async () => ({
        async read(into, { offset }) {
          const unit = units[Math.floor(offset / UNIT)]!;
          if (unit.fails) throw new CowscopeError({ code: 'X', what: '', subject: '', advice: '' });
          into.fill(unit.byte);
        },
        close: async () => {},
      }),
      openGuest: () => expect.unreachable(),
    },
  };
}

/** What a unit is to each other disk, in `content` mode or by state. Undefined: the same. */
function naiveKind(a: Unit | undefined, b: Unit | undefined, content: boolean): string | undefined {
  const wordOf = (unit: Unit | undefined) =>
    unit === undefined ? { word: -1, reads: 'zeros' } : WORDS[unit.kind]!;
  const [x, y] = [wordOf(a), wordOf(b)];
  const equal =
    a === undefined || b === undefined ? 'length' : stateOf(x.word) === stateOf(y.word) ? undefined : 'state';
  if (x.reads === 'unknown' || y.reads === 'unknown') return 'unreadable';
  if (x.reads === 'zeros' && y.reads === 'zeros') return equal;
  if (!content) return 'mayDiffer';
  const bytes = [a, b].map(unit => (wordOf(unit).reads === 'data' ? unit! : undefined));
  if (bytes.some(unit => unit?.fails)) return 'unreadable';
  return (bytes[0]?.byte ?? 0) === (bytes[1]?.byte ?? 0) ? equal : 'content';
}

test('rows and sums are those of a plain model, whatever the parts in which runs come', async () => {
  await fc.assert(
    fc.asyncProperty(disk, disk, fc.boolean(), async (a, b, content) => {
      const rows: Difference[] = [];
      const take = (batch: readonly Difference[]) => {
        rows.push(...batch);
      };
      const { signal } = new AbortController();
      const options = { content, take, signal };
      const { sums, errors } = await compareDisks(
        { session: sessionOf(a) },
        { session: sessionOf(b) },
        options,
      );
      const size = Math.max(sizeOf(a), sizeOf(b));
      const bytes: Record<string, number> = {};
      // Disks may end within a unit: every byte is looked at, in steps that no end falls into.
      const edges = new Set([sizeOf(a), sizeOf(b), size]);
      for (let at = 0; at < size; at += UNIT) edges.add(at);
      const bounds = [...edges].sort((x, y) => x - y);
      for (let i = 0; i + 1 < bounds.length; i++) {
        const [start, end] = [bounds[i]!, bounds[i + 1]!];
        const unit = (naive: NaiveDisk) =>
          start < sizeOf(naive) ? naive.units[Math.floor(start / UNIT)] : undefined;
        const kind = naiveKind(unit(a), unit(b), content);
        const row = rows.find(({ start: from, length }) => start >= from && start < from + length);
        expect(row?.kind).toBe(kind);
        bytes[kind ?? 'same'] = (bytes[kind ?? 'same'] ?? 0) + end - start;
      }
      expect(sums.same).toBe(bytes.same ?? 0);
      for (const [kind, sum] of Object.entries(sums.kinds)) {
        expect(sum.bytes).toBe(bytes[kind] ?? 0);
        expect(sum.ranges).toBe(rows.filter(row => row.kind === kind).length);
      }
      expect(sums.firstContent).toBe(rows.find(({ kind }) => kind === 'content')?.start ?? -1);
      // Failures are never silent: what could not be read is unreadable, and says why.
      if (errors.length > 0) expect(sums.kinds.unreadable.bytes).toBeGreaterThan(0);
      for (const [i, row] of rows.entries()) {
        const next = rows[i + 1];
        if (next !== undefined) expect(next.start).toBeGreaterThanOrEqual(row.start + row.length);
      }
    }),
    { numRuns: 300 },
  );
});

test('ends with CANCELLED when it is cancelled, and closes what it reads', async () => {
  const units = Array.from({ length: 24 }, () => ({ kind: 0, byte: 1, fails: false }));
  const naive = { units, short: 0 };
  const abort = new AbortController();
  const options = { content: true, signal: abort.signal, take: () => {} };
  const session = sessionOf(naive);
  const asking: typeof session.ask = (question, args) => {
    abort.abort();
    return session.ask(question, args);
  };
  const comparing = compareDisks({ session: { ...session, ask: asking } }, { session }, options);
  await expect(comparing).rejects.toMatchObject({ code: 'CANCELLED' });
});
