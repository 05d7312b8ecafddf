/** The decoders beside a naive model that takes one entry at a time, on arbitrary bytes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compressedRange } from '../../electron/qcow2/format/compressed.ts';
import {
  COMPRESSED_DATA,
  DATA,
  type EntryRules,
  entryKind,
  entryOffset,
  FLAGS_OF_KIND,
  LOST_COMPRESSED,
  LOST_DATA,
  RESERVED_SPACE,
  subclusterKind,
  ZERO_ALLOCATED,
} from '../../electron/qcow2/format/entry.ts';
import { checkEntry } from '../../electron/qcow2/format/entry-rules.ts';
import { type DecodeTarget, decodeStandard } from '../../electron/qcow2/read/l2.ts';
import { decodeExtended } from '../../electron/qcow2/read/subclusters.ts';
import { PageWriter, pageStart } from '../../shared/extent/page.ts';

interface Case {
  readonly rules: EntryRules;
  readonly hosts: boolean;
  readonly encrypted: boolean;
  readonly fileSize: number;
  readonly entries: readonly bigint[];
  readonly start: number;
}

const bit = (n: number) => fc.constantFrom(0n, 1n << BigInt(n));

/** Entries as images have them, with now and then a bit that does not belong. */
function entryOf(clusterBits: number): fc.Arbitrary<bigint> {
  const cluster = fc
    .constantFrom(0n, 0n, 1n, 2n, 3n, 0x7fffffffn)
    .map(n => (n << BigInt(clusterBits)) & ((1n << 56n) - 1n));
  const usual = fc.tuple(cluster, bit(63), bit(0)).map(([offset, copied, zero]) => offset | copied | zero);
  const odd = fc
    .tuple(usual, fc.constantFrom(1, 5, 9, 11, 31, 33, 52, 55, 56, 61, 62))
    .map(([e, n]) => e ^ (1n << BigInt(n)));
  return fc.oneof(
    { weight: 6, arbitrary: usual },
    { weight: 2, arbitrary: odd },
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  );
}

const bitmapWord = fc.oneof(
  fc.constantFrom(0n, 0xffffffffn, 0xffffffff_00000000n, 0x0000ffff_00000000n, 0x80000001n),
  fc
    .tuple(fc.nat(0xffffffff), fc.nat(0xffffffff))
    .map(([z, a]) => (BigInt((z & ~a) >>> 0) << 32n) | BigInt(a)),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);

function caseOf(extendedL2: boolean): fc.Arbitrary<Case> {
  return fc.integer({ min: extendedL2 ? 14 : 9, max: 21 }).chain(clusterBits => {
    const entry = entryOf(clusterBits);
    const whole: fc.Arbitrary<bigint[]> = extendedL2 ? fc.tuple(entry, bitmapWord) : entry.map(e => [e]);
    return fc.record({
      rules: fc.record({
        version: extendedL2 ? fc.constant(3) : fc.constantFrom(2, 3),
        clusterBits: fc.constant(clusterBits),
        clusterSize: fc.constant(2 ** clusterBits),
        extendedL2: fc.constant(extendedL2),
        dataFile: fc.boolean(),
      }),
      hosts: fc.boolean(),
      encrypted: fc.boolean(),
      fileSize: fc.constantFrom(
        2 ** clusterBits,
        2.5 * 2 ** clusterBits + 1,
        3 * 2 ** clusterBits,
        2 ** 33,
        2 ** 50,
      ),
      entries: fc.array(whole, { minLength: 1, maxLength: 60 }).map(list => list.flat()),
      start: fc.constantFrom(0, 2 ** 30, 2 ** 45),
    });
  });
}

const halves = (entry: bigint) => [Number(entry >> 32n), Number(entry & 0xffffffffn)] as const;

/** What a decoder pushed, and the offsets of the guest it found odd. */
function decoded({ rules, hosts, encrypted, fileSize, entries, start }: Case, end: number) {
  const odd: number[] = [];
  const target: DecodeTarget = {
    rules,
    encrypted,
    fileSize: rules.dataFile ? Number.POSITIVE_INFINITY : fileSize,
    onUnusualEntry: (_hi, _lo, _zero, _alloc, guest) => odd.push(guest),
  };
  const bytes = new Uint8Array(entries.length * 8 + 16);
  const view = new DataView(bytes.buffer);
  for (const [i, entry] of entries.entries()) view.setBigUint64(8 + i * 8, entry);
  const writer = new PageWriter(hosts, rules.clusterSize / (rules.extendedL2 ? 32 : 1));
  if (rules.extendedL2) decodeExtended(target, view, 8, entries.length / 2, start, start, end, writer);
  else decodeStandard(target, view, 8, entries.length, start, start, writer);
  const page = writer.seal();
  const extents = Array.from({ length: page.count }, (_, i) => ({
    start: start + pageStart(page, i),
    word: FLAGS_OF_KIND[page.codes[i]!]!,
    host: page.hosts?.[i] ?? -1,
  }));
  return { extents, odd };
}

/** The same, one smallest unit after the other. */
function naive({ rules, hosts, encrypted, fileSize, entries, start }: Case, end: number) {
  const extents: { start: number; word: number; host: number }[] = [];
  const wrong: number[] = [];
  const step = rules.extendedL2 ? 2 : 1;
  const units = rules.extendedL2 ? 32 : 1;
  for (let i = 0; i < entries.length; i += step) {
    const guest = start + (i / step) * rules.clusterSize;
    const [hi, lo] = halves(entries[i]!);
    const [zeroBits, allocBits] = rules.extendedL2 ? halves(entries[i + 1]!) : [0, 0];
    const cluster = entryKind(rules, hi, lo, guest);
    const size = rules.dataFile ? Number.POSITIVE_INFINITY : fileSize;
    if (checkEntry(rules, { hi, lo, zeroBits, allocBits }, guest, size) !== undefined) wrong.push(guest);
    for (let unit = 0; unit < units; unit++) {
      const at = guest + (unit * rules.clusterSize) / units;
      if (at >= end) continue;
      let kind = rules.extendedL2 ? subclusterKind(cluster, zeroBits, allocBits, unit) : cluster;
      const named = hosts && !encrypted && [DATA, ZERO_ALLOCATED, RESERVED_SPACE].includes(kind);
      if (kind === DATA && entryOffset(hi, lo) + at - guest >= size) kind = LOST_DATA;
      if (kind === COMPRESSED_DATA && compressedRange(hi, lo, rules.clusterBits).offset >= size)
        kind = LOST_COMPRESSED;
      const host = named ? entryOffset(hi, lo) + at - guest : -1;
      const word = FLAGS_OF_KIND[kind]!;
      const last = extents.at(-1);
      const runsOn = last !== undefined && (last.host < 0 ? host < 0 : last.host + at - last.start === host);
      if (last?.word !== word || !runsOn) extents.push({ start: at, word, host });
    }
  }
  return { extents, wrong };
}

describe.each([false, true])('L2 tables, extended: %s', extendedL2 => {
  it('decode to what each entry means', () => {
    fc.assert(
      fc.property(caseOf(extendedL2), fc.nat(40), (drawn, cut) => {
        const clusters = drawn.entries.length / (extendedL2 ? 2 : 1);
        const length =
          clusters * drawn.rules.clusterSize - (extendedL2 ? (cut % 31) * (drawn.rules.clusterSize / 32) : 0);
        const end = drawn.start + length;
        const { extents, odd } = decoded(drawn, end);
        const model = naive(drawn, end);
        expect(extents).toEqual(model.extents);
        // Nothing wrong goes unreported; a few that turn out to be fine may be looked at too.
        expect(odd).toEqual(expect.arrayContaining(model.wrong));
      }),
      { numRuns: 500 },
    );
  });
});

it('tables longer than the writer at first decode the same', () => {
  const clusterSize = 2 ** 21;
  const rules = { version: 3, clusterBits: 21, clusterSize, extendedL2: false, dataFile: false };
  const entries = Array.from({ length: 30_000 }, (_, i) =>
    i % 7 === 0 || i % 8192 < 2 ? BigInt(clusterSize) : BigInt(i & 1),
  );
  const drawn = { rules, hosts: false, encrypted: false, fileSize: 2 ** 50, entries, start: 2 ** 40 };
  expect(decoded(drawn, Number.POSITIVE_INFINITY).extents).toEqual(
    naive(drawn, Number.POSITIVE_INFINITY).extents,
  );
});

it('compressed descriptors give back what they are made of', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 9, max: 21 }),
      fc.maxSafeNat(),
      fc.nat(),
      (clusterBits, anyOffset, anySectors) => {
        const x = 62 - (clusterBits - 8);
        const offset = anyOffset % 2 ** Math.min(x, 53);
        const extraSectors = anySectors % 2 ** (62 - x);
        const entry = (1n << 62n) | (BigInt(extraSectors) << BigInt(x)) | BigInt(offset);
        expect(compressedRange(...halves(entry), clusterBits)).toMatchObject({ offset, extraSectors });
      },
    ),
  );
});
