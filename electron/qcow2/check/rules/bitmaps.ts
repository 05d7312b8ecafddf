/** Entries of bitmap tables, which decide whether qemu opens the image at all. */

import { CowscopeError } from '../../../../shared/error.ts';
import { type Cause, type FindingCollector, guestRange } from '../../../../shared/finding-collector.ts';
import { hex64 } from '../../format/bytes.ts';
import { isValidBitmapEntry } from '../../format/entry.ts';
import { AUTOCLEAR_BITMAPS } from '../../format/header.ts';
import { INVALID_ENTRY, lostBits } from '../../read/bitmap-map.ts';
import { EntryTable } from '../../read/entry-table.ts';
import type { Qcow2Image } from '../../read/image.ts';
import type { SlicedWork } from '../../read/sliced-work.ts';

const IN_USE: Cause = {
  id: 'QCOW2_BITMAP_IN_USE',
  code: 'QCOW2_BITMAP_IN_USE',
  severity: 'hazard',
  what: count =>
    `${count === 1 ? 'a bitmap was' : `${count} bitmaps were`} not saved cleanly: what ${count === 1 ? 'it holds' : 'they hold'} cannot be used, and an incremental backup that needs ${count === 1 ? 'it' : 'them'} fails`,
  advice: 'take a full backup, then remove the bitmaps with `qemu-img bitmap --remove`',
};

/** The same while a program has the image open: it keeps them in its memory, and saves them when it closes the image. */
const IN_MEMORY: Cause = {
  id: 'QCOW2_BITMAP_IN_USE',
  code: 'QCOW2_BITMAP_IN_USE',
  severity: 'hazard',
  what: count =>
    `${count === 1 ? 'a bitmap is' : `${count} bitmaps are`} in the memory of the program that has the image open: what the file holds of ${count === 1 ? 'it' : 'them'} is out of date`,
  advice: 'ask that program for its bitmaps over NBD, or look again when it has closed the image',
};

/** Adds the bitmaps that a writer left in use, or has in use while the image `isOpenForWriting`. */
export function checkBitmapsInUse(
  collector: FindingCollector,
  { bitmaps }: Qcow2Image,
  isOpenForWriting: boolean,
): void {
  const cause = isOpenForWriting ? IN_MEMORY : IN_USE;
  for (const { name, inUse, broken, fileOffset, length } of bitmaps)
    if (inUse && !broken)
      collector.add(cause, {
        host: [fileOffset, length],
        evidence: { source: 'bitmap directory', fileOffset, value: JSON.stringify(name), bits: 'in use' },
      });
}

/**
 * Checks the tables of all bitmaps, where autoclear bit 0 says that they are up to date; returns the number of entries
 * that qemu does not accept.
 */
export function* checkBitmapTables(collector: FindingCollector, image: Qcow2Image): SlicedWork<number> {
  const { source, header, geometry, bitmaps } = image;
  if ((header.autoclear & AUTOCLEAR_BITMAPS) === 0n) return 0;
  const { clusterSize } = geometry;
  let invalid = 0;
  for (const { name, broken, tableOffset, tableSize, granularity } of bitmaps) {
    if (broken) continue;
    const coverage = clusterSize * 8 * granularity;
    const cause = lostBits(name, INVALID_ENTRY);
    try {
      const table = new EntryTable(source, tableOffset, tableSize);
      for (let first = 0; first < table.count; first = table.endOfPart(first)) {
        yield;
        const end = table.endOfPart(first);
        for (let at = table.nextUsed(first, end); at < end; at = table.nextUsed(at + 1, end)) {
          const hi = table.hi(at);
          const lo = table.lo(at);
          if (isValidBitmapEntry(hi, lo, clusterSize)) continue;
          invalid++;
          const fileOffset = tableOffset + at * 8;
          collector.add(cause, {
            ...guestRange(at * coverage, (at + 1) * coverage, header.size),
            host: [fileOffset, 8],
            evidence: {
              source: `bitmap table entry ${at}`,
              fileOffset,
              value: hex64(hi, lo),
              bits: INVALID_ENTRY,
            },
          });
        }
      }
    } catch (error) {
      if (!(error instanceof CowscopeError)) throw error;
      collector.add(lostBits(name, error.what), { host: [tableOffset, tableSize * 8] });
    }
  }
  return invalid;
}
