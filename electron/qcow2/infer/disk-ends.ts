/** The two places of a disk that say themselves where they are: the partition table at its beginning, and the copy at its end. */
import { viewOf } from '../format/bytes.ts';

/** Bytes from the beginning of a disk that {@link beginsDisk} looks at. */
export const BEGINNING_BYTES = 8192;

const SECTOR_SIZES = [512, 4096] as const;
const GPT_SIGNATURE = 'EFI PART';
const PARTITIONS_AT = 446;
const PARTITION_BYTES = 16;

/** True if a disk begins so: a GPT that says it is in sector 1, or an MBR with partitions and nothing else in their place. */
export function beginsDisk(bytes: Uint8Array): boolean {
  const view = viewOf(bytes);
  if (view.byteLength < 512 || view.getUint16(510) !== 0x55aa) return false;
  return SECTOR_SIZES.some(size => gptSectorAt(bytes, size) === 1) || hasPartitions(view);
}

/** True if the last sectors of a disk of `size` bytes are there: the copy of a GPT, which says its own place. */
export function endsDisk(bytes: Uint8Array, size: number): boolean {
  return SECTOR_SIZES.some(sector => gptSectorAt(bytes, bytes.length - sector) === size / sector - 1);
}

/** The sector in which a GPT header at an offset says that it lies; -1 where there is none. Source: UEFI 2.10, 5.3.2. */
function gptSectorAt(bytes: Uint8Array, at: number): number {
  if (at < 0 || at + 92 > bytes.length) return -1;
  if (String.fromCharCode(...bytes.subarray(at, at + GPT_SIGNATURE.length)) !== GPT_SIGNATURE) return -1;
  const view = viewOf(bytes);
  return view.getUint32(at + 24, true) + view.getUint32(at + 28, true) * 2 ** 32;
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
