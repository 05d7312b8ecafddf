/** Runs of L2 entries are counted as the same entries are one by one. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ClusterCounts } from '../../../../electron/qcow2/check/cluster-counts.ts';
import { PlainEntries, type PlainTable } from '../../../../electron/qcow2/check/plain-entries.ts';
import { geometryOf } from '../../../../electron/qcow2/format/geometry.ts';
import { OWNER_ACTIVE } from '../../../../electron/qcow2/layout/cluster-uses.ts';

const CLUSTER_BITS = 21;
const CLUSTER = 2 ** CLUSTER_BITS;
/** Clusters of the file: its offsets pass 2^32, where the upper half of an entry changes, several times. */
const CLUSTERS = 10_000;

/** A stretch of a table. One of `everyNth` entries names a cluster, and goes on behind the one before it. */
interface Stretch {
  /** The first cluster, unless the stretch goes on behind the one before. */
  readonly first: number;
  readonly goesOn: boolean;
  readonly entries: number;
  readonly everyNth: number;
  readonly isCopied: boolean;
  /** The zero flag is set in all entries. */
  readonly isZero: boolean;
}

const stretch: fc.Arbitrary<Stretch> = fc.record({
  first: fc.oneof(fc.integer({ min: 1, max: CLUSTERS - 1 }), fc.constantFrom(2040, 2048, 4090, 4096)),
  goesOn: fc.boolean(),
  entries: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constantFrom(64, 2047, 2048, 2049, 3000)),
  everyNth: fc.constantFrom(1, 1, 2, 3),
  isCopied: fc.constantFrom(true, true, true, false),
  isZero: fc.boolean(),
});
/** An entry that is changed: its number, and the bits of the two halves that become others. */
const change = fc.record({
  at: fc.nat(5000),
  hi: fc.constantFrom(0, 0, 1, 0x80000000),
  lo: fc.constantFrom(0, 1, CLUSTER, 0x80000000),
});

type Entry = { hi: number; lo: number };

function entriesOf(stretches: readonly Stretch[]): Entry[] {
  const entries: Entry[] = [];
  let cluster = 1;
  for (const { first, goesOn, entries: count, everyNth, isCopied, isZero } of stretches) {
    if (!goesOn) cluster = first;
    for (let i = 0; i < count; i++) {
      if (i % everyNth !== 0) {
        entries.push({ hi: 0, lo: isZero ? 1 : 0 });
        continue;
      }
      const offset = cluster++ * CLUSTER;
      const hi = (Math.floor(offset / 2 ** 32) | (isCopied ? 0x80000000 : 0)) >>> 0;
      entries.push({ hi, lo: (offset % 2 ** 32) + (isZero ? 1 : 0) });
    }
  }
  return entries;
}

/** Counts a table; `step` entries at most are shown at once, so that 1 leaves no run. */
function counted(entries: readonly Entry[], step: number) {
  const bytes = new DataView(new ArrayBuffer(entries.length * 8));
  for (const [i, { hi, lo }] of entries.entries()) {
    bytes.setUint32(i * 8, hi);
    bytes.setUint32(i * 8 + 4, lo);
  }
  const file = { fileLength: CLUSTERS * CLUSTER, clusterSize: CLUSTER, maxRefcount: 65_535 };
  const counts = new ClusterCounts(file, () => {});
  const stored = new DataView(new ArrayBuffer(2 * CLUSTERS));
  for (let i = 0; i < CLUSTERS; i++) stored.setUint16(2 * i, i % 5000 === 4999 ? 2 : 1);
  counts.takeRefcounts(stored, 0, 0, CLUSTERS, 16);
  const geometry = geometryOf(CLUSTER_BITS, false, 2 ** 40);
  const plain = new PlainEntries({
    geometry,
    counts,
    fileLength: file.fileLength,
    areInFile: true,
    hasZeroFlag: true,
  });
  const table: PlainTable = { view: bytes, times: 1, owner: OWNER_ACTIVE, next: 0, singlyUpTo: 0 };
  const sums = { allocated: 0, fragmented: 0, wrongCopied: 0, hasUsed: false };
  const others: number[] = [];
  for (let at = 0; at < bytes.byteLength; ) {
    const stop = Math.min(bytes.byteLength, at + step * 8);
    const reached = plain.count(table, at, stop);
    sums.allocated += plain.allocated;
    sums.fragmented += plain.fragmented;
    sums.wrongCopied += plain.wrongCopied;
    sums.hasUsed ||= plain.hasUsed;
    if (reached < stop) others.push(reached);
    at = reached < stop ? reached + 8 : stop;
  }
  const numbers = Float64Array.from({ length: 2 * CLUSTERS }, (_, i) => {
    const cluster = i >>> 1;
    return (i % 2 === 0 ? counts.storedOf(cluster) : counts.referencesOf(cluster)) ?? Number.NaN;
  });
  const words = Buffer.from(numbers.buffer).toString('latin1');
  return { sums, others, words };
}

test('a table of runs, holes and odd entries is counted as its entries are one by one', () => {
  fc.assert(
    fc.property(
      fc.array(stretch, { minLength: 1, maxLength: 5 }),
      fc.array(change, { maxLength: 3 }),
      (stretches, changes) => {
        const entries = entriesOf(stretches);
        for (const { at, hi, lo } of changes) {
          const entry = entries[at % entries.length] as Entry;
          entry.hi = (entry.hi ^ hi) >>> 0;
          entry.lo = (entry.lo ^ lo) >>> 0;
        }
        expect(counted(entries, entries.length)).toEqual(counted(entries, 1));
      },
    ),
  );
});

test('a run that ends where the upper half of offsets changes is counted whole', () => {
  const run = { first: 2048, goesOn: false, entries: 2048, everyNth: 1, isCopied: true, isZero: false };
  const entries = entriesOf([run]);
  const { sums, others } = counted(entries, entries.length);
  expect(sums).toEqual({ allocated: 2048, fragmented: 0, wrongCopied: 0, hasUsed: true });
  expect(others).toEqual([]);
});
