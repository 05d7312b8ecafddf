/**
 * Undoes the one thing in which cowscope's maps differ from qemu's by intent: qemu calls a data cluster zero when it finds a
 * hole in the host file there; cowscope never guesses. What the guess had parted is joined again.
 */
import type { QemuMapRow } from '../golden-table.ts';
import type { NbdinfoExtent } from '../tools.ts';

/** Rows of `qemu-img map --output=json` as they would be without the guess. */
export function mapWithoutHostHoles(rows: readonly QemuMapRow[]): QemuMapRow[] {
  const joined: QemuMapRow[] = [];
  for (const row of rows) {
    const plain = row.data ? { ...row, zero: false } : row;
    const last = joined.at(-1);
    if (last !== undefined && runsOn(last, plain)) {
      joined[joined.length - 1] = { ...last, length: last.length + plain.length };
    } else joined.push(plain);
  }
  return joined;
}

/** True when qemu-img would print both as one row: equal in all but place, with host offsets that run on. */
function runsOn(row: QemuMapRow, next: QemuMapRow): boolean {
  const end = row.start + row.length;
  const hostEnd = row.offset === undefined ? undefined : row.offset + row.length;
  const same = (['depth', 'present', 'zero', 'data', 'compressed'] as const).every(
    key => row[key] === next[key],
  );
  return same && next.start === end && next.offset === hostEnd;
}

/** Extents of base:allocation as they would be without the guess, which is zero (2) without hole (1). */
export function allocationWithoutHostHoles(rows: readonly NbdinfoExtent[]): NbdinfoExtent[] {
  const joined: NbdinfoExtent[] = [];
  for (const row of rows) {
    const plain = row.type === 2 ? { ...row, type: 0, description: 'data' } : row;
    const last = joined.at(-1);
    if (last?.type === plain.type) {
      joined[joined.length - 1] = { ...last, length: last.length + plain.length };
    } else joined.push(plain);
  }
  return joined;
}
