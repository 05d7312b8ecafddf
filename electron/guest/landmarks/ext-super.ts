/** The super block of ext2, ext3 and ext4, and the descriptors of groups. Source: Documentation/filesystems/ext4 of Linux. */
import { dataViewOf } from '../../../shared/bytes.ts';
import { hexDigits } from '../little-endian.ts';
import { crc32c } from './crc32c.ts';
import { isPowerWithin, type ReadVolume } from './landmark.ts';

/** Where the first super block lies, and bytes of each. */
export const SUPER_AT = 1024;
export const SUPER_BYTES = 1024;
const MAGIC = 0xef53;
const COMPAT_SPARSE_SUPER2 = 0x200;
const INCOMPAT_META_BG = 0x10;
const INCOMPAT_64BIT = 0x80;
const INCOMPAT_CSUM_SEED = 0x2000;
const RO_COMPAT_SPARSE_SUPER = 0x1;
const RO_COMPAT_METADATA_CSUM = 0x400;
const INODE_UNINIT = 0x1;
const BLOCK_UNINIT = 0x2;
const EXTENT_MAGIC = 0xf30a;
/** The blocks of the journal as its inode names them. */
const JOURNAL_AT = 0x10c;
/** Descriptors that are read: those of 8 TiB with blocks of 4 KiB. */
export const MAX_GROUPS = 2 ** 16;
/** Clusters have at most 2^30 bytes, and blocks at least 2^10. */
const MAX_BLOCKS_PER_BIT = 2 ** 20;
/** Bytes of descriptors that are read at once. */
const DESCRIPTOR_PIECE_BYTES = 4096;

/** What the super block says. */
export interface ExtSuper {
  readonly uuid: string;
  readonly blockBytes: number;
  readonly blocks: number;
  readonly firstBlock: number;
  readonly blocksPerGroup: number;
  /** Bytes of the bitmaps that the checksums cover. */
  readonly blockBitmapBytes: number;
  readonly inodeBitmapBytes: number;
  /** Blocks that one bit of a bitmap of blocks stands for: one, but for clusters of blocks (bigalloc). */
  readonly blocksPerBit: number;
  readonly groups: number;
  readonly descriptorBytes: number;
  readonly inodeBytes: number;
  /** Blocks behind each copy of the super block: the descriptors, and those kept for more of them. */
  readonly copiedBlocks: number;
  /** Bytes [start, end) of the journal, where the super block says it. */
  readonly journal: readonly (readonly [start: number, end: number])[];
  readonly hasMetaGroups: boolean;
  /** The value that checksums begin with; undefined where bitmaps have none. */
  readonly seed: number | undefined;
  readonly hasCopy: (group: number) => boolean;
}

/** What the descriptor of a group says; places in bytes from the beginning of the volume. */
export interface ExtGroup {
  readonly group: number;
  /** Absent where the bitmap was never written. */
  readonly blockBitmap?: ExtBitmap;
  readonly inodeBitmap?: ExtBitmap;
  /** Bytes [start, end) of its table of inodes. */
  readonly inodes: readonly [start: number, end: number];
}

/** A bitmap whose checksum is known. */
export interface ExtBitmap {
  readonly at: number;
  readonly sum: number;
}

/** The super block in these bytes; undefined where there is none, or one that is invalid. */
export function parseExtSuper(bytes: Uint8Array): ExtSuper | undefined {
  const view = dataViewOf(bytes);
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
    blocks > firstBlock &&
    isPowerWithin(descriptorBytes, 32, 1024) &&
    clustersPerGroup % 8 === 0 &&
    clustersPerGroup <= blockBytes * 8 &&
    isPowerWithin(blocksPerGroup / clustersPerGroup, 1, MAX_BLOCKS_PER_BIT) &&
    inodesPerGroup % 8 === 0 &&
    inodesPerGroup <= blockBytes * 8;
  const uuid = bytes.subarray(0x68, 0x78);
  if (!isSane || uuid.every(byte => byte === 0)) return undefined;
  const groups = Math.ceil((blocks - firstBlock) / blocksPerGroup);
  const isSeedStored = (incompatible & INCOMPAT_CSUM_SEED) !== 0;
  const hasChecksums = (readOnly & RO_COMPAT_METADATA_CSUM) !== 0;
  const seed = isSeedStored ? view.getUint32(0x270, true) : crc32c(0xffffffff, uuid);
  const pair = [view.getUint32(0x24c, true), view.getUint32(0x250, true)];
  const isPaired = (compatible & COMPAT_SPARSE_SUPER2) !== 0;
  const isSparse = (readOnly & RO_COMPAT_SPARSE_SUPER) !== 0;
  return {
    uuid: hexDigits(uuid),
    blockBytes,
    blocks,
    firstBlock,
    blocksPerGroup,
    blockBitmapBytes: clustersPerGroup / 8,
    inodeBitmapBytes: inodesPerGroup / 8,
    blocksPerBit: blocksPerGroup / clustersPerGroup,
    groups,
    descriptorBytes,
    inodeBytes: view.getUint32(0x4c, true) === 0 ? 128 : view.getUint16(0x58, true),
    copiedBlocks: 1 + Math.ceil((groups * descriptorBytes) / blockBytes) + view.getUint16(0xce, true),
    journal: journalIn(view, blockBytes),
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

/** The extents of the journal where one node holds them all. */
function journalIn(view: DataView, blockBytes: number): (readonly [number, number])[] {
  const isLeaf =
    view.getUint16(JOURNAL_AT, true) === EXTENT_MAGIC && view.getUint16(JOURNAL_AT + 6, true) === 0;
  const count = isLeaf ? Math.min(view.getUint16(JOURNAL_AT + 2, true), 4) : 0;
  return Array.from({ length: count }, (_, i) => {
    const at = JOURNAL_AT + 12 * (i + 1);
    const block = view.getUint16(at + 6, true) * 2 ** 32 + view.getUint32(at + 8, true);
    return [block * blockBytes, (block + view.getUint16(at + 4, true)) * blockBytes] as const;
  });
}

/** The groups whose descriptors can be read; none where bitmaps have no checksums. */
export function readExtGroups(file: ExtSuper, read: ReadVolume): ExtGroup[] {
  const { seed, descriptorBytes, blockBytes, firstBlock } = file;
  if (seed === undefined || file.hasMetaGroups) return [];
  const found: ExtGroup[] = [];
  const count = Math.min(file.groups, MAX_GROUPS);
  const perPiece = DESCRIPTOR_PIECE_BYTES / descriptorBytes;
  for (let first = 0; first < count; first += perPiece) {
    const at = (firstBlock + 1) * blockBytes + first * descriptorBytes;
    const piece = read(at, DESCRIPTOR_PIECE_BYTES);
    if (piece === undefined) continue;
    for (let i = 0; i < perPiece && first + i < count; i++) {
      const bytes = piece.subarray(i * descriptorBytes, (i + 1) * descriptorBytes);
      found.push(parseGroup(file, first + i, dataViewOf(bytes)));
    }
  }
  return found;
}

function parseGroup(file: ExtSuper, group: number, view: DataView): ExtGroup {
  const { blockBytes, firstBlock, blocks } = file;
  const isWide = hasWholeSums(file);
  const flags = view.getUint16(0x12, true);
  const placeAt = (low: number) =>
    (isWide ? view.getUint32(low + 0x20, true) : 0) * 2 ** 32 + view.getUint32(low, true);
  const bitmap = (low: number, sumLow: number, unused: number): ExtBitmap | undefined => {
    const block = placeAt(low);
    if ((flags & unused) !== 0 || block <= firstBlock || block >= blocks) return undefined;
    const upper = isWide ? view.getUint16(sumLow + 0x20, true) : 0;
    return { at: block * blockBytes, sum: upper * 2 ** 16 + view.getUint16(sumLow, true) };
  };
  const [blockBitmap, inodeBitmap] = [bitmap(0, 0x18, BLOCK_UNINIT), bitmap(4, 0x1a, INODE_UNINIT)];
  const inodes = placeAt(8) * blockBytes;
  return {
    group,
    ...(blockBitmap === undefined ? {} : { blockBitmap }),
    ...(inodeBitmap === undefined ? {} : { inodeBitmap }),
    inodes: [inodes, inodes + file.inodeBitmapBytes * 8 * file.inodeBytes],
  };
}

/** True where descriptors hold all 32 bits of a checksum, and not half of them, which other bytes have by chance. */
export function hasWholeSums({ descriptorBytes }: ExtSuper): boolean {
  return descriptorBytes >= 64;
}

/** The checksum of a bitmap as descriptors hold it. */
export function extBitmapSum(file: ExtSuper, bytes: Uint8Array): number {
  const sum = crc32c(file.seed ?? 0, bytes);
  return hasWholeSums(file) ? sum : sum & 0xffff;
}
