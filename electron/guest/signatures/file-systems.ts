/** Signatures of file systems and of swap space. The layouts are those that each one's own documentation gives. */
import { hasText } from '../little-endian.ts';
import {
  asciiBytes,
  bytesAt,
  hexBytes,
  labelAt,
  type Signature,
  type SignatureDetails,
  serialAt,
  signature,
  uuidAt,
} from './signature.ts';

/** Features of ext that only ext4 has: Documentation/filesystems/ext4/super.rst of Linux. */
const EXT4_INCOMPAT =
  0x40 | 0x80 | 0x100 | 0x200 | 0x400 | 0x1000 | 0x2000 | 0x4000 | 0x8000 | 0x10000 | 0x20000;
const EXT4_RO_COMPAT = 0x8 | 0x10 | 0x20 | 0x40 | 0x100 | 0x200 | 0x400 | 0x800 | 0x1000 | 0x2000 | 0x8000;
const EXT_64BIT = 0x80;
const EXT_JOURNAL_DEVICE = 0x8;
const EXT_HAS_JOURNAL = 0x4;
const EXT_SUPER_AT = 0x400;

function readExt(bytes: Uint8Array, view: DataView): SignatureDetails | undefined {
  const compatible = view.getUint32(EXT_SUPER_AT + 0x5c, true);
  const incompatible = view.getUint32(EXT_SUPER_AT + 0x60, true);
  const readOnly = view.getUint32(EXT_SUPER_AT + 0x64, true);
  const blockBits = view.getUint32(EXT_SUPER_AT + 0x18, true);
  if (blockBits > 6) return undefined;
  const isExt4 = (incompatible & EXT4_INCOMPAT) !== 0 || (readOnly & EXT4_RO_COMPAT) !== 0;
  const plain = compatible & EXT_HAS_JOURNAL ? 'ext3' : 'ext2';
  const high = incompatible & EXT_64BIT ? view.getUint32(EXT_SUPER_AT + 0x150, true) : 0;
  const blocks = high * 2 ** 32 + view.getUint32(EXT_SUPER_AT + 0x4, true);
  return {
    type: incompatible & EXT_JOURNAL_DEVICE ? 'jbd' : isExt4 ? 'ext4' : plain,
    label: labelAt(bytes, EXT_SUPER_AT + 0x78, 16),
    uuid: uuidAt(bytes, EXT_SUPER_AT + 0x68),
    size: blocks * 1024 * 2 ** blockBits,
  };
}

function readXfs(bytes: Uint8Array, view: DataView): SignatureDetails | undefined {
  const blockBytes = view.getUint32(4);
  if (blockBytes < 512 || blockBytes > 65_536 || (blockBytes & (blockBytes - 1)) !== 0) return undefined;
  return {
    label: labelAt(bytes, 108, 12),
    uuid: uuidAt(bytes, 32),
    size: bytesAt(view, 8, blockBytes, false),
  };
}

/** Microsoft's FAT specification 1.03: sections 3.1 and 3.2. The label that counts lies in the root directory. */
function readFat(bytes: Uint8Array, view: DataView): SignatureDetails | undefined {
  const sectorBytes = view.getUint16(11, true);
  const perCluster = view.getUint8(13);
  const fats = view.getUint8(16);
  const isSane =
    [512, 1024, 2048, 4096].includes(sectorBytes) &&
    perCluster > 0 &&
    (perCluster & (perCluster - 1)) === 0 &&
    view.getUint16(14, true) > 0 &&
    fats >= 1 &&
    fats <= 4;
  if (!isSane) return undefined;
  const sectors = view.getUint16(19, true) || view.getUint32(32, true);
  const serial = hasText(bytes, 82, 'FAT32') ? 67 : 39;
  return { uuid: serialAt(bytes, serial), size: sectors * sectorBytes };
}

function readNtfs(_bytes: Uint8Array, view: DataView): SignatureDetails | undefined {
  const sectorBytes = view.getUint16(11, true);
  if (sectorBytes < 256 || sectorBytes > 4096 || (sectorBytes & (sectorBytes - 1)) !== 0) return undefined;
  const uuid = view.getBigUint64(72, true).toString(16).toUpperCase().padStart(16, '0');
  return { uuid: /^0+$/.test(uuid) ? '' : uuid, size: bytesAt(view, 40, sectorBytes) };
}

/** Microsoft's exFAT specification, section 3.1. Its label lies in the root directory. */
function readExfat(bytes: Uint8Array, view: DataView): SignatureDetails | undefined {
  const shift = view.getUint8(108);
  if (shift < 9 || shift > 12) return undefined;
  return { uuid: serialAt(bytes, 100), size: bytesAt(view, 72, 2 ** shift) };
}

/** union swap_header of linux/swap.h, version 1. `page` is the size of a page of the machine that made it. */
function readSwap(page: number): (bytes: Uint8Array, view: DataView) => SignatureDetails {
  return (bytes, view) => {
    if (view.getUint32(1024, true) !== 1) return {};
    const size = (view.getUint32(1028, true) + 1) * page;
    return { label: labelAt(bytes, 1052, 16), uuid: uuidAt(bytes, 1036), size };
  };
}

const SWAP: readonly Signature[] = [4096, 8192, 16_384, 32_768, 65_536].flatMap(page => [
  signature('swap', page - 10, asciiBytes('SWAPSPACE2'), readSwap(page)),
  signature('swap', page - 10, asciiBytes('SWAP-SPACE')),
  signature('swsuspend', page - 10, asciiBytes('S1SUSPEND')),
]);

const BTRFS_SUPER_AT = 0x10000;

/** In the order in which they are believed. */
export const FILE_SYSTEMS: readonly Signature[] = [
  signature('xfs', 0, asciiBytes('XFSB'), readXfs),
  signature('btrfs', BTRFS_SUPER_AT + 0x40, asciiBytes('_BHRfS_M'), bytes => ({
    label: labelAt(bytes, BTRFS_SUPER_AT + 0x12b, 256),
    uuid: uuidAt(bytes, BTRFS_SUPER_AT + 0x20),
  })),
  signature('ntfs', 3, asciiBytes('NTFS    '), readNtfs),
  signature('exfat', 3, asciiBytes('EXFAT   '), readExfat),
  signature('ReFS', 3, asciiBytes('ReFS\0\0\0\0')),
  {
    type: 'vfat',
    magics: [
      { at: 82, bytes: asciiBytes('FAT32   ') },
      ...['FAT12   ', 'FAT16   ', 'FAT     '].map(name => ({ at: 54, bytes: asciiBytes(name) })),
    ],
    read: readFat,
  },
  signature('ext4', EXT_SUPER_AT + 0x38, hexBytes('53ef'), readExt),
  ...SWAP,
  signature('f2fs', 1024, hexBytes('1020f5f2'), bytes => ({ uuid: uuidAt(bytes, 1024 + 108) })),
  signature('hfsplus', 1024, asciiBytes('H+')),
  signature('hfsplus', 1024, asciiBytes('HX')),
  signature('apfs', 32, asciiBytes('NXSB'), bytes => ({ uuid: uuidAt(bytes, 72) })),
  signature('bcachefs', 4096 + 24, hexBytes('c68573f666ce90a9d96a60cf803df7ef'), bytes => ({
    uuid: uuidAt(bytes, 4096 + 56),
    label: labelAt(bytes, 4096 + 72, 32),
  })),
  signature('squashfs', 0, asciiBytes('hsqs')),
  signature('erofs', 1024, hexBytes('e2e1f5e0'), bytes => ({ uuid: uuidAt(bytes, 1024 + 48) })),
  signature('reiserfs', BTRFS_SUPER_AT + 0x34, asciiBytes('ReIsEr')),
  signature('jfs', 0x8000, asciiBytes('JFS1')),
  signature('gfs2', BTRFS_SUPER_AT, hexBytes('01161970')),
  {
    type: 'udf',
    magics: [0x8000, 0x8800, 0x9000, 0x9800].flatMap(at =>
      ['NSR02', 'NSR03'].map(name => ({ at: at + 1, bytes: asciiBytes(name) })),
    ),
  },
  signature('iso9660', 0x8001, asciiBytes('CD001'), bytes => ({ label: labelAt(bytes, 0x8028, 32) })),
];
