/**
 * XFS: the headers of allocation groups, each with its number, and since version 5 the place that each block of metadata
 * says. Source: XFS Algorithms & Data Structures, "Allocation Groups" and "Self Describing Metadata".
 */
import { dataViewOf, uint64At } from '../../../shared/bytes.ts';
import { hasText, hexDigits } from '../little-endian.ts';
import { isPowerWithin, type Landmark, type NumberedFileSystem, type ReadVolume } from './landmark.ts';
import { XfsAllocation, type XfsShape } from './xfs-allocation.ts';

const SUPER_BYTES = 512;
const INCOMPAT_META_UUID = 0x4;
/** Block numbers in metadata count units of so many bytes. */
const UNIT_BYTES = 512;
const MAX_GROUPS = 2 ** 16;
/** Of an allocation group, by xfs_format.h of Linux; only the last one may be smaller. */
const MIN_GROUP_BYTES = 2 ** 24;
const INODE_MAGIC = 0x494e;

/** The kinds of blocks that say where they lie: their magic, and where the number and the UUID stand. */
const BLOCKS: ReadonlyMap<number, readonly [number: number, uuid: number]> = new Map(
  (
    [
      [['AB3B', 'AB3C', 'IAB3', 'FIB3', 'R3FC', 'RMB3'], 16, 32], // B+trees of an allocation group
      [['BMA3'], 24, 40], // B+tree of a file
      [['XDB3', 'XDD3', 'XDF3'], 8, 24], // directories
      [['XSLM'], 40, 16], // targets of symbolic links
    ] as const
  ).flatMap(([names, number, uuid]) =>
    names.map(
      name => [dataViewOf(Uint8Array.from(name, c => c.charCodeAt(0))).getUint32(0), [number, uuid]] as const,
    ),
  ),
);
/** Blocks of directories and attributes, whose magic of 16 bits stands at 8. */
const DIRECTORY_MAGICS: readonly number[] = [0x3ebe, 0x3df1, 0x3dff, 0x3bee];

interface Super extends XfsShape {
  /** The UUID of the metadata. */
  readonly uuid: string;
  readonly groups: number;
  readonly inodeBytes: number;
  /** Bits of an inode number: index in a block, and block in a group. */
  readonly inodeBits: number;
  readonly groupBits: number;
}

/** Opens the file system by its first super block. */
export function openXfs(read: ReadVolume): NumberedFileSystem | undefined {
  const bytes = read(0, SUPER_BYTES);
  const found = bytes === undefined ? undefined : parseSuper(bytes);
  if (found === undefined) return undefined;
  const places = found.isVersion5
    ? { placesOf: (piece: Uint8Array, view: DataView, at: number) => placesOf(found, piece, view, at) }
    : {};
  const allocation = new XfsAllocation(found, read);
  return {
    type: 'xfs',
    size: found.blocks * found.blockBytes,
    landmarks: () => groupHeaders(found),
    ...places,
    isUsed: (offset, length) => allocation.isUsed(offset, length),
  };
}

function parseSuper(bytes: Uint8Array): Super | undefined {
  if (bytes.length < SUPER_BYTES || !hasText(bytes, 0, 'XFSB')) return undefined;
  const view = dataViewOf(bytes);
  const isVersion5 = (view.getUint16(100) & 0xf) === 5;
  const hasMetaUuid = isVersion5 && (view.getUint32(216) & INCOMPAT_META_UUID) !== 0;
  const [blockBytes, groupBlocks, groupBits] = [view.getUint32(4), view.getUint32(84), view.getUint8(124)];
  // The number of a block is that of its group and that in the group.
  const log = view.getBigUint64(48);
  const logBlock =
    Number(log >> BigInt(groupBits)) * groupBlocks + Number(log & ((1n << BigInt(groupBits)) - 1n));
  const found: Super = {
    uuid: hexDigits(hasMetaUuid ? bytes.subarray(248, 264) : bytes.subarray(32, 48)),
    blockBytes,
    blocks: uint64At(view, 8),
    groupBlocks,
    groups: view.getUint32(88),
    sectorBytes: view.getUint16(102),
    inodeBytes: view.getUint16(104),
    inodeBits: view.getUint8(123),
    groupBits,
    isVersion5,
    log: [logBlock * blockBytes, view.getUint32(96) * blockBytes],
  };
  const isSane =
    isPowerWithin(found.blockBytes, 512, 65_536) &&
    isPowerWithin(found.sectorBytes, 512, 32_768) &&
    isPowerWithin(found.inodeBytes, 256, 2048) &&
    found.inodeBits <= 8 &&
    found.groupBits <= 31 &&
    found.groupBlocks * found.blockBytes >= MIN_GROUP_BYTES &&
    found.groups === Math.ceil(found.blocks / found.groupBlocks);
  return isSane ? found : undefined;
}

/** A copy of the super block, and the header of free space behind it with the number of the group. */
function groupHeaders(file: Super): Landmark[] {
  const headers: Landmark[] = [];
  for (let group = 1; group < Math.min(file.groups, MAX_GROUPS); group++)
    headers.push({
      at: group * file.groupBlocks * file.blockBytes,
      length: 2 * file.sectorBytes,
      identify: identifyGroup,
      identity: groupIdentity(file, group),
      isPermanent: true,
    });
  return headers;
}

function identifyGroup(bytes: Uint8Array): string | undefined {
  const found = parseSuper(bytes);
  if (found === undefined || !hasText(bytes, found.sectorBytes, 'XAGF')) return undefined;
  return groupIdentity(found, dataViewOf(bytes).getUint32(found.sectorBytes + 8));
}

function groupIdentity({ uuid, groupBlocks, blockBytes }: Super, group: number): string {
  return `allocation group ${uuid} ${groupBlocks} ${blockBytes} ${group}`;
}

function placesOf(file: Super, bytes: Uint8Array, view: DataView, at: number): readonly number[] {
  if (at + 256 > bytes.length) return [];
  const isOfFile = (from: number) => hexDigits(bytes.subarray(at + from, at + from + 16)) === file.uuid;
  if (view.getUint16(at) === INODE_MAGIC)
    return view.getUint8(at + 4) === 3 && isOfFile(160)
      ? placeOfInode(file, view.getBigUint64(at + 152))
      : [];
  const isDirectory = DIRECTORY_MAGICS.includes(view.getUint16(at + 8));
  const kind = BLOCKS.get(view.getUint32(at)) ?? (isDirectory ? ([16, 32] as const) : undefined);
  if (kind === undefined || !isOfFile(kind[1])) return [];
  return [uint64At(view, at + kind[0]) * UNIT_BYTES];
}

/** An inode number is that of its group, of the block in the group, and of the inode in the block. */
function placeOfInode(file: Super, inode: bigint): readonly number[] {
  const { inodeBits, groupBits, groupBlocks, blockBytes, inodeBytes } = file;
  const group = Number(inode >> BigInt(groupBits + inodeBits));
  const block = Number((inode >> BigInt(inodeBits)) & ((1n << BigInt(groupBits)) - 1n));
  const index = Number(inode & ((1n << BigInt(inodeBits)) - 1n));
  if (group >= file.groups || block >= groupBlocks) return [];
  return [(group * groupBlocks + block) * blockBytes + index * inodeBytes];
}
