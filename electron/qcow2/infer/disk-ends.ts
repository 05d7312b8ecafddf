/** The two places of a disk that say themselves where they are: the partition table at its beginning, and the copy at its end. */
import { dataViewOf } from '../../../shared/bytes.ts';
import { gptSectorAt, hasBootMark } from '../../../shared/partition-marks.ts';

/** Bytes from the beginning of a disk that {@link beginsDisk} looks at. */
export const BEGINNING_BYTES = 8192;

/** Sizes of the sectors that disks have. */
export const SECTOR_SIZES = [512, 4096] as const;
/** In the header of a GPT: the sector of its other copy. */
const OTHER_COPY_AT = 32;
/** Partitions leave less than that at the end of a disk: a cylinder of 255 heads and 63 sectors. */
const MAX_REST_BYTES = 255 * 63 * 512;
const PARTITIONS_AT = 446;
const PARTITION_BYTES = 16;

/** True if a disk begins so: a GPT that says it is in sector 1, or an MBR with partitions and nothing else in their place. */
export function beginsDisk(bytes: Uint8Array): boolean {
  const view = dataViewOf(bytes);
  if (!hasBootMark(bytes)) return false;
  return SECTOR_SIZES.some(size => gptSectorAt(bytes, size) === 1) || hasPartitions(view);
}

/** True if such a beginning divides a disk of `size` bytes up to its end: that of a smaller disk in a file does not. */
export function dividesWhole(bytes: Uint8Array, size: number): boolean {
  const view = dataViewOf(bytes);
  if (!beginsDisk(bytes)) return false;
  for (const sector of SECTOR_SIZES)
    if (gptSectorAt(bytes, sector) === 1)
      return view.getBigUint64(sector + OTHER_COPY_AT, true) === BigInt(Math.floor(size / sector) - 1);
  let end = 0;
  for (let at = PARTITIONS_AT; at < 510; at += PARTITION_BYTES)
    end = Math.max(end, (view.getUint32(at + 8, true) + view.getUint32(at + 12, true)) * SECTOR_SIZES[0]);
  return end <= size && end > size - MAX_REST_BYTES;
}

/** True if the last sectors of a disk of `size` bytes are there: the copy of a GPT, which says its own place. */
export function endsDisk(bytes: Uint8Array, size: number): boolean {
  return SECTOR_SIZES.some(sector => gptSectorAt(bytes, bytes.length - sector) === size / sector - 1);
}

/** True if all four entries of an MBR are free or plausible, and one is used: boot code does not look so. */
function hasPartitions(view: DataView): boolean {
  let used = 0;
  for (let at = PARTITIONS_AT; at < 510; at += PARTITION_BYTES) {
    const isFree = view.getBigUint64(at) === 0n && view.getBigUint64(at + 8) === 0n;
    if (isFree) continue;
    const status = view.getUint8(at);
    const start = view.getUint32(at + 8, true);
    const sectors = view.getUint32(at + 12, true);
    if ((status & 0x7f) !== 0 || view.getUint8(at + 4) === 0 || start === 0 || sectors === 0) return false;
    used++;
  }
  return used > 0;
}
