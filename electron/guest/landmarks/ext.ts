/**
 * ext2, ext3 and ext4: copies of the super block, each with the number of its group, and the bitmaps of each group, whose
 * checksums the group descriptors hold. Source: Documentation/filesystems/ext4 of Linux (super, group_descr, blockgroup).
 */
import { hexOf, viewOf } from '../little-endian.ts';
import { crc32c } from './crc32c.ts';
import {
  distinctLandmarks,
  isPowerWithin,
  type Landmark,
  type NumberedFileSystem,
  type ReadVolume,
} from './landmark.ts';

const SUPER_AT = 1024;
const SUPER_BYTES = 1024;
const MAGIC = 0xef53;
const COMPAT_SPARSE_SUPER2 = 0x200;
const INCOMPAT_META_BG = 0x10;
const INCOMPAT_64BIT = 0x80;
const INCOMPAT_CSUM_SEED = 0x2000;
const RO_COMPAT_SPARSE_SUPER = 0x1;
const RO_COMPAT_METADATA_CSUM = 0x400;
const INODE_UNINIT = 0x1;
const BLOCK_UNINIT = 0x2;
/** Descriptors that are read: those of 8 TiB with blocks of 4 KiB. */
const MAX_GROUPS = 2 ** 16;
/** Bytes of descriptors that are read at once. */
const DESCRIPTOR_PIECE_BYTES = 4096;

/** What the super block says. */
interface Super {
  readonly uuid: string;
  readonly blockBytes: number;
  readonly blocks: number;
  readonly firstBlock: number;
  readonly blocksPerGroup: number;
  /** Bytes of the bitmaps that the checksums cover. */
  readonly blockBitmapBytes: number;
  readonly inodeBitmapBytes: number;
  readonly groups: number;
  readonly descriptorBytes: number;
  readonly hasMetaGroups: boolean;
  /** The value that checksums begin with; undefined where bitmaps have none. */
  readonly seed: number | undefined;
  readonly hasCopy: (group: number) => boolean;
}

/** Opens the file system by its first super block. */
export function openExt(read: ReadVolume): NumberedFileSystem | undefined {
  const bytes = read(SUPER_AT, SUPER_BYTES);
  const found = bytes === undefined ? undefined : parseSuper(bytes);
  if (bytes === undefined || found === undefined || viewOf(bytes).getUint16(0x5a, true) !== 0)
    return undefined;
  return {
    type: 'ext2, ext3 or ext4',
    size: found.blocks * found.blockBytes,
    landmarks: [...superCopies(found), ...distinctLandmarks(bitmaps(found, read))],
  };
}

function parseSuper(bytes: Uint8Array): Super | undefined {
  const view = viewOf(bytes);
  const blockBits = view.getUint32(0x18, true);
  const blocksPerGroup = view.getUint32(0x20, true);
  const clustersPerGroup = view.getUint32(0x24, true);
  const inodesPerGroup = view.getUint32(0x28, true);
  const compatible = view.getUint32(0x5c, true);
  const incompatible = view.getUint32(0x60, true);
  const readOnly = view.getUint32(0x64, true);
  const is64Bit = (incompatible & INCOMPAT_64BIT) !== 0;
  const blocks = (is64Bit ? view.getUint32(0x150, true) : 0) * 2 ** 32 + view.getUint32(4, true);
  const firstBlock = view.getUint32(0x14, true);
  const descriptorBytes = is64Bit ? view.getUint16(0xfe, true) : 32;
  const blockBytes = 1024 * 2 ** blockBits;
  const isSane =
    view.getUint16(0x38, true) === MAGIC &&
    blockBits <= 6 &&
    blocksPerGroup > 0 &&
    blocks > firstBlock &&
    isPowerWithin(descriptorBytes, 32, 1024) &&
    clustersPerGroup % 8 === 0 &&
    clustersPerGroup <= blockBytes * 8 &&
    inodesPerGroup % 8 === 0 &&
    inodesPerGroup <= blockBytes * 8;
  const uuid = bytes.subarray(0x68, 0x78);
  if (!isSane || uuid.every(byte => byte === 0)) return undefined;
  const isSeedStored = (incompatible & INCOMPAT_CSUM_SEED) !== 0;
  const hasChecksums = (readOnly & RO_COMPAT_METADATA_CSUM) !== 0;
  const seed = isSeedStored ? view.getUint32(0x270, true) : crc32c(0xffffffff, uuid);
  const pair = [view.getUint32(0x24c, true), view.getUint32(0x250, true)];
  const isPaired = (compatible & COMPAT_SPARSE_SUPER2) !== 0;
  const isSparse = (readOnly & RO_COMPAT_SPARSE_SUPER) !== 0;
  return {
    uuid: hexOf(uuid),
    blockBytes,
    blocks,
    firstBlock,
    blocksPerGroup,
    blockBitmapBytes: clustersPerGroup / 8,
    inodeBitmapBytes: inodesPerGroup / 8,
    groups: Math.ceil((blocks - firstBlock) / blocksPerGroup),
    descriptorBytes,
    hasMetaGroups: (incompatible & INCOMPAT_META_BG) !== 0,
    seed: hasChecksums ? seed : undefined,
    hasCopy: group => (isPaired ? pair.includes(group) : !isSparse || isPowerOf357(group)),
  };
}

/** Groups that have a copy where not all have one: 1 and the powers of 3, 5 and 7. */
function isPowerOf357(group: number): boolean {
  return [3, 5, 7].some(base => {
    let power = 1;
    while (power < group) power *= base;
    return power === group;
  });
}

function superCopies(file: Super): Landmark[] {
  const copies: Landmark[] = [];
  for (let group = 1; group < Math.min(file.groups, MAX_GROUPS); group++)
    if (file.hasCopy(group))
      copies.push({
        at: (file.firstBlock + group * file.blocksPerGroup) * file.blockBytes,
        length: SUPER_BYTES,
        identify: identifySuper,
        identity: superIdentity(file, group),
        isPermanent: true,
      });
  return copies;
}

function identifySuper(bytes: Uint8Array): string | undefined {
  const found = parseSuper(bytes);
  return found === undefined ? undefined : superIdentity(found, viewOf(bytes).getUint16(0x5a, true));
}

/** The number of a group is stored in 16 bits. */
function superIdentity({ uuid, blocksPerGroup, blockBytes }: Super, group: number): string {
  return `super block ${uuid} ${blocksPerGroup} ${blockBytes} ${group % 2 ** 16}`;
}

/** The bitmaps of blocks and inodes whose checksums the descriptors hold, as far as those can be read. */
function bitmaps(file: Super, read: ReadVolume): Landmark[] {
  const { seed, descriptorBytes, blockBytes, firstBlock, groups, blockBitmapBytes, inodeBitmapBytes } = file;
  if (seed === undefined || file.hasMetaGroups) return [];
  const isWide = descriptorBytes >= 64;
  const kinds = [
    { low: 0, high: 0x20, sumLow: 0x18, sumHigh: 0x38, unused: BLOCK_UNINIT, bytes: blockBitmapBytes },
    { low: 4, high: 0x24, sumLow: 0x1a, sumHigh: 0x3a, unused: INODE_UNINIT, bytes: inodeBitmapBytes },
  ].map(kind => ({ ...kind, identify: identifyBitmap(seed, kind.bytes, isWide) }));
  const found: Landmark[] = [];
  const perPiece = DESCRIPTOR_PIECE_BYTES / descriptorBytes;
  for (let first = 0; first < Math.min(groups, MAX_GROUPS); first += perPiece) {
    const at = (firstBlock + 1) * blockBytes + first * descriptorBytes;
    const piece = read(at, DESCRIPTOR_PIECE_BYTES);
    if (piece === undefined) continue;
    const view = viewOf(piece);
    for (let i = 0; i < perPiece && first + i < groups; i++) {
      const from = i * descriptorBytes;
      for (const { low, high, sumLow, sumHigh, unused, bytes, identify } of kinds) {
        if ((view.getUint16(from + 0x12, true) & unused) !== 0) continue;
        const upper = isWide ? view.getUint32(from + high, true) : 0;
        const block = upper * 2 ** 32 + view.getUint32(from + low, true);
        if (block <= firstBlock || block >= file.blocks) continue;
        const sum =
          view.getUint16(from + sumLow, true) + (isWide ? view.getUint16(from + sumHigh, true) * 2 ** 16 : 0);
        const identity = bitmapIdentity(bytes, sum);
        found.push({ at: block * blockBytes, length: bytes, identify, identity, isPermanent: false });
      }
    }
  }
  return found;
}

function identifyBitmap(seed: number, length: number, isWide: boolean) {
  return (bytes: Uint8Array): string | undefined => {
    // Equal bytes tell no place: bitmaps of full groups, zeros.
    if (bytes.every(byte => byte === bytes[0])) return undefined;
    const sum = crc32c(seed, bytes);
    return bitmapIdentity(length, isWide ? sum : sum & 0xffff);
  };
}

function bitmapIdentity(bytes: number, sum: number): string {
  return `bitmap of ${bytes} bytes ${sum}`;
}
