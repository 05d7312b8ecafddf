/** Extended L2 tables: 16-byte entries, 32 subclusters in a cluster. */
import type { PageWriter } from '../../../shared/extent/page.ts';
import {
  BAD,
  COMPRESSED_DATA,
  DATA,
  entryKind,
  entryOffset,
  LOST_DATA,
  RESERVED_SPACE,
  subclusterKind,
  UNALLOCATED,
  ZERO_ALLOCATED,
  ZERO_HOLE,
} from '../format/entry.ts';
import { lostSubclusters } from '../format/entry-rules.ts';
import { compressedKind, type DecodeTarget, needsFullDecode } from './l2.ts';

const ALL = 0xffffffff;

/**
 * Pushes `count` extended entries found at `at` in `view`. The first is for guest offset `guest`; `start` and `end` are
 * the page's bounds: subclusters at or past `end` are left out.
 * Source: qcow2 specification, "Extended L2 Entries"; qemu's qcow2_get_subcluster_type.
 */
export function decodeExtended(
  target: DecodeTarget,
  view: DataView,
  at: number,
  count: number,
  guest: number,
  start: number,
  end: number,
  writer: PageWriter,
): void {
  const { rules, encrypted } = target;
  const { clusterSize } = rules;
  const subclusterSize = clusterSize / 32;

  for (let i = 0; i < count; i++, at += 16, guest += clusterSize) {
    const hi = view.getUint32(at);
    const lo = view.getUint32(at + 4);
    const zeroBits = view.getUint32(at + 8);
    const allocBits = view.getUint32(at + 12);
    const kind = entryKind(rules, hi, lo, guest);
    const whole = uniformKind(kind, zeroBits, allocBits);
    const hostOffset = kind === DATA ? entryOffset(hi, lo) : -1;
    let lost = 0;
    if (
      whole === BAD ||
      (kind === COMPRESSED_DATA && (zeroBits | allocBits) !== 0) ||
      needsFullDecode(target, kind, hi, lo) ||
      hostOffset + clusterSize > target.fileSize ||
      lo & 1
    ) {
      target.onUnusualEntry(hi, lo, zeroBits, allocBits, guest);
      if (whole !== BAD) lost = lostSubclusters(rules, { hi, lo, zeroBits, allocBits }, target.fileSize);
    }
    const host = encrypted || whole === BAD ? -1 : hostOffset;
    if (whole >= 0 && (lost === 0 || lost === ALL)) {
      const code =
        kind === COMPRESSED_DATA ? compressedKind(target, hi, lo) : lost === ALL ? LOST_DATA : whole;
      writer.push(guest - start, code, host);
      continue;
    }
    let last = -1;
    for (let sub = 0; sub < 32; sub++) {
      const code = (lost >>> sub) & 1 ? LOST_DATA : subclusterKind(kind, zeroBits, allocBits, sub);
      if (code === last) continue;
      const offset = guest + sub * subclusterSize;
      if (offset >= end) break;
      writer.push(offset - start, code, host < 0 ? -1 : host + sub * subclusterSize);
      last = code;
    }
  }
}

/** The kind of all 32 subclusters where they are alike, -1 where they are not. */
function uniformKind(kind: number, zeroBits: number, allocBits: number): number {
  if (kind === DATA) {
    if (zeroBits & allocBits) return BAD;
    if (allocBits === ALL) return DATA;
    if (zeroBits === ALL) return ZERO_ALLOCATED;
    return (zeroBits | allocBits) === 0 ? RESERVED_SPACE : -1;
  }
  if (kind === UNALLOCATED) {
    if (allocBits !== 0) return BAD;
    if (zeroBits === 0) return UNALLOCATED;
    return zeroBits === ALL ? ZERO_HOLE : -1;
  }
  return kind;
}
