/** Signatures of what holds other content: encryption, volume managers, software RAID, caches. They are looked for first. */
import { hasText, trimmedText, uuidOf } from '../little-endian.ts';
import { asciiBytes, hexBytes, labelAt, type Signature, signature, uuidAt } from './signature.ts';

const SECTOR_BYTES = 512;
/** Magic number of md, little-endian: MD_SB_MAGIC of linux/raid/md_p.h. */
export const MD_MAGIC = hexBytes('fc4e2ba9');

/** In the order in which they are believed. */
export const CONTAINERS: readonly Signature[] = [
  {
    type: 'crypto_LUKS', // LUKS2 On-Disk Format Specification, section 2.1; LUKS1 has its UUID in the same place
    magics: [{ at: 0, bytes: hexBytes('4c554b53babe') }],
    read: (bytes, view) => ({
      uuid: labelAt(bytes, 168, 40),
      label: view.getUint16(6) === 2 ? labelAt(bytes, 24, 48) : '',
    }),
  },
  {
    type: 'linux_raid_member', // version 1.1 at the start, 1.2 at 4 KiB; 1.0 and 0.90 lie at the end
    magics: [0, 4096].map(at => ({ at, bytes: MD_MAGIC })),
    read(bytes) {
      const at = MD_MAGIC.every((byte, i) => bytes[i] === byte) ? 0 : 4096;
      return readMd(bytes.subarray(at, at + 256));
    },
  },
  {
    type: 'LVM2_member', // label_header of LVM2's lib/label/label.h, in one of the first four sectors
    magics: [0, 1, 2, 3].map(sector => ({ at: sector * SECTOR_BYTES, bytes: asciiBytes('LABELONE') })),
    read(bytes) {
      const sector = [0, 1, 2, 3].find(n => hasText(bytes, n * SECTOR_BYTES, 'LABELONE')) ?? 0;
      const at = sector * SECTOR_BYTES;
      if (!hasText(bytes, at + 24, 'LVM2 001')) return undefined;
      const id = labelAt(bytes, at + 32, 32);
      const ends = [6, 10, 14, 18, 22, 26, 32];
      return { uuid: ends.map((end, i) => id.slice(ends[i - 1] ?? 0, end)).join('-') };
    },
  },
  signature('bcache', 4096 + 24, hexBytes('c68573f64e1a45ca8265f57f48ba6d81'), bytes => ({
    uuid: uuidAt(bytes, 4096 + 40),
  })),
  signature('BitLocker', 3, asciiBytes('-FVE-FS-')),
  signature('ceph_bluestore', 0, asciiBytes('bluestore block device')),
];

/** What a super block of md of version 1 tells (mdp_superblock_1 of linux/raid/md_p.h). */
export function readMd(bytes: Uint8Array): { label: string; uuid: string } | undefined {
  if (bytes.length < 64 || bytes[4] !== 1) return undefined;
  return { uuid: uuidOf(bytes.subarray(16, 32)), label: trimmedText(bytes.subarray(32, 64)) };
}

/** Where the super block of md lies at the end of `length` bytes: versions 1.0 and 0.90. */
export function mdAtEnd(length: number): readonly number[] {
  const sectors = Math.floor(length / SECTOR_BYTES);
  const version10 = (sectors - 16 - ((sectors - 16) % 8)) * SECTOR_BYTES;
  const version090 = length - (length % 65_536) - 65_536;
  return [version10, version090].filter(at => at > 0);
}

/** Magic number of an uberblock of ZFS, little-endian: UBERBLOCK_MAGIC of sys/uberblock_impl.h. */
const ZFS_MAGIC = 0x00bab10cn;

/** True if the ring of uberblocks in the first label of a ZFS device, 128 KiB, has one. */
export function hasUberblock(ring: Uint8Array): boolean {
  const view = new DataView(ring.buffer, ring.byteOffset, ring.byteLength);
  for (let at = 0; at + 1024 <= ring.length; at += 1024)
    if (view.getBigUint64(at, true) === ZFS_MAGIC || view.getBigUint64(at) === ZFS_MAGIC) return true;
  return false;
}

/** Bytes that an uberblock ring has, and where the first one begins. */
export const UBERBLOCKS = { at: 0x2_0000, bytes: 0x2_0000 } as const;
