/** Random partition tables are read as they were written, and what is random or damaged is read in bounded work. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readGuestDisk } from '../../electron/guest/read-guest-disk.ts';
import type { GuestDisk } from '../../shared/model/guest/guest-disk.ts';
import { type GptSpec, GuestBytes, LINUX, type MbrSpec, memoryGuest } from '../support/guest/guest-tables.ts';

const MIB = 2 ** 20;
const SIZE = 4 * MIB;
/** Bytes that may be read of one disk: those of the table and of every partition, with room. */
const MOST_READ = 64 * MIB;

/** Partitions apart from each other, in sectors of [first, last], by cutting the disk at random places. */
function partitionsOf(
  first: number,
  last: number,
  cuts: readonly number[],
): readonly (readonly [number, number])[] {
  const places = [...new Set(cuts.map(cut => first + Math.floor(cut * (last - first))))].sort(
    (a, b) => a - b,
  );
  const parts: (readonly [number, number])[] = [];
  for (let i = 0; i + 1 < places.length; i += 2) parts.push([places[i]!, places[i + 1]! - 1]);
  return parts;
}

const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 2, maxLength: 12 });

/** What a disk says, by a naive model: every byte of the disk belongs to the partitions that name it. */
function ownersOf({ partitions, gaps, size }: GuestDisk, unit: number): string[] {
  return Array.from({ length: size / unit }, (_, i) => {
    const holders = partitions.filter(({ start, length }) => start <= i * unit && i * unit < start + length);
    const isFree = gaps.some(([start, length]) => start <= i * unit && i * unit < start + length);
    return holders.map(({ number }) => number).join() || (isFree ? 'free' : 'nothing');
  });
}

describe('partition tables', () => {
  test('of a GPT are read as they were written, and each sector belongs to one partition or to a gap', async () => {
    await fc.assert(
      fc.asyncProperty(
        cuts,
        fc.constantFrom(512, 4096),
        fc.string({ maxLength: 36 }),
        async (places, sectorSize, name) => {
          const disk = new GuestBytes(SIZE, sectorSize);
          const listSectors = (128 * 128) / sectorSize;
          const parts = partitionsOf(2 + listSectors, disk.lastSector - listSectors, places);
          const clean = name.replaceAll('\0', '');
          const specs = parts.map(
            ([first, last], i): GptSpec => ({ first, last, name: clean, number: parts.length - i }),
          );
          const read = await readGuestDisk(memoryGuest(disk.gpt(specs).bytes));
          expect(read.findings).toEqual([]);
          expect(read.sectorSize).toBe(sectorSize);
          const told = read.partitions.map(({ number, start, length, type, name: as }) => [
            number,
            start,
            length,
            type,
            as,
          ]);
          expect(told).toEqual(
            parts.map(([first, last], i) => [
              parts.length - i,
              first * sectorSize,
              (last - first + 1) * sectorSize,
              LINUX,
              clean,
            ]),
          );
          const expected = Array.from({ length: SIZE / sectorSize }, (_, sector) => {
            const i = parts.findIndex(([first, last]) => first <= sector && sector <= last);
            return i < 0 ? 'free' : String(parts.length - i);
          });
          expect(ownersOf(read, sectorSize)).toEqual(expected);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('of a boot record with logical partitions are read as they were written', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 64 }), { maxLength: 20 }),
        fc.integer({ min: 1, max: 3 }),
        async (lengths, index) => {
          const start = 1000;
          const disk = new GuestBytes(SIZE);
          const entries: MbrSpec[] = Array.from({ length: index }, (_, i) => ({
            type: 0x83,
            start: 10 + i * 100,
            sectors: 100,
          }));
          disk.bootRecord([...entries, { type: 0x05, start, sectors: 6000 }]);
          let at = start;
          const expected = entries.map(({ start: from, sectors }, i) => [i + 1, from, sectors]);
          expected.push([index + 1, start, 6000]);
          lengths.forEach((sectors, i) => {
            const next = at + 1 + sectors;
            const link = i + 1 < lengths.length ? [{ type: 0x05, start: next - start, sectors: 2 }] : [];
            disk.bootRecord([{ type: 0x83, start: 1, sectors }, ...link], { at: at * 512 });
            expected.push([5 + i, at + 1, sectors]);
            at = next;
          });
          if (lengths.length === 0) disk.bootRecord([], { at: start * 512 });
          const read = await readGuestDisk(memoryGuest(disk.bytes));
          expect(
            read.partitions.map(({ number, start: from, length }) => [number, from / 512, length / 512]),
          ).toEqual(expected);
          expect(read.findings).toEqual([]);
        },
      ),
      { numRuns: 40 },
    );
  });
});

/** A disk to damage: a GPT, or a chain of boot records. */
function wholeDisk(kind: 'gpt' | 'mbr'): GuestBytes {
  const disk = new GuestBytes(SIZE);
  if (kind === 'gpt')
    return disk
      .gpt([
        { first: 64, last: 999 },
        { first: 2000, last: 5000 },
      ])
      .ext4(64 * 512);
  return disk
    .bootRecord([
      { type: 0x83, start: 8, sectors: 992 },
      { type: 0x05, start: 1000, sectors: 6000 },
    ])
    .bootRecord(
      [
        { type: 0x83, start: 1, sectors: 99 },
        { type: 0x05, start: 100, sectors: 99 },
      ],
      { at: 1000 * 512 },
    )
    .bootRecord([{ type: 0x83, start: 1, sectors: 99 }], { at: 1100 * 512 });
}

/** Where tables lie: what changes there matters. */
const PLACES: readonly (readonly [number, number])[] = [
  [0, 512],
  [446, 64],
  [512, 92],
  [1024, 256],
  [SIZE - 512, 92],
  [SIZE - 512 - 16_384, 256],
  [1000 * 512 + 446, 66],
  [1100 * 512 + 446, 66],
];

describe('damaged partition tables', () => {
  test('never throw, read no more than their bound, and name only ranges of the disk', async () => {
    const change = fc.tuple(
      fc.constantFrom(...PLACES),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.uint8Array({ minLength: 1, maxLength: 16 }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('gpt', 'mbr'),
        fc.array(change, { minLength: 1, maxLength: 6 }),
        fc.boolean(),
        async (kind, changes, isSealed) => {
          const disk = wholeDisk(kind);
          for (const [[at, span], where, bytes] of changes) {
            const from = at + Math.floor(where * (span - 1));
            disk.put(from, bytes.subarray(0, SIZE - from));
          }
          if (isSealed && kind === 'gpt') disk.sealHeader(1).sealHeader(disk.lastSector);
          let read = 0;
          const guest = memoryGuest(disk.bytes);
          const counted = {
            size: guest.size,
            read(offset: number, length: number) {
              read += length;
              return guest.read(offset, length);
            },
          };
          const answer = await readGuestDisk(counted);
          expect(read).toBeLessThan(MOST_READ);
          for (const finding of answer.findings) {
            expect(finding.severity).toBe('note');
            for (const [start, length] of finding.guest)
              expect([start >= 0, length > 0, start + length <= SIZE]).toEqual([true, true, true]);
          }
          for (const [start, length] of answer.gaps)
            expect([length > 0, start + length <= SIZE]).toEqual([true, true]);
          for (const { start, length } of answer.partitions)
            expect([start > 0, length > 0, Number.isSafeInteger(start + length)]).toEqual([true, true, true]);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('of random bytes and of any size never throw', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 70_000 }), fc.boolean(), async (bytes, isSigned) => {
        if (isSigned && bytes.length >= 512) bytes.set([0x55, 0xaa], 510);
        expect((await readGuestDisk(memoryGuest(bytes))).size).toBe(bytes.length);
      }),
      { numRuns: 200 },
    );
  });
});
