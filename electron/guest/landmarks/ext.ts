/**
 * ext2, ext3 and ext4: copies of the super block, each with the number of its group, and the bitmaps of each group, whose
 * checksums the group descriptors hold.
 */
import { dataViewOf } from '../../../shared/bytes.ts';
import { ExtAllocation } from './ext-allocation.ts';
import {
  type ExtGroup,
  type ExtSuper,
  extBitmapSum,
  hasWholeSums,
  MAX_GROUPS,
  parseExtSuper,
  readExtGroups,
  SUPER_AT,
  SUPER_BYTES,
} from './ext-super.ts';
import {
  distinctLandmarks,
  type Landmark,
  lazily,
  type NumberedFileSystem,
  type ReadVolume,
  UNNUMBERED,
} from './landmark.ts';

/** Opens the file system by its first super block. */
export function openExt(read: ReadVolume): NumberedFileSystem | undefined {
  const bytes = read(SUPER_AT, SUPER_BYTES);
  const found = bytes === undefined ? undefined : parseExtSuper(bytes);
  if (bytes === undefined || found === undefined || dataViewOf(bytes).getUint16(0x5a, true) !== 0)
    return undefined;
  const groups = lazily(() => readExtGroups(found, read));
  const allocation = lazily(() => new ExtAllocation(found, groups(), read));
  return {
    type: 'ext2, ext3 or ext4',
    size: found.blocks * found.blockBytes,
    landmarks: () => [...superCopies(found), ...distinctLandmarks(bitmaps(found, groups()))],
    isUsed: (offset, length) => allocation().isUsed(offset, length),
  };
}

function superCopies(file: ExtSuper): Landmark[] {
  const copies: Landmark[] = [];
  const identify = (bytes: Uint8Array) => identifySuper(file, bytes);
  for (let group = 1; group < Math.min(file.groups, MAX_GROUPS); group++)
    if (file.hasCopy(group))
      copies.push({
        at: (file.firstBlock + group * file.blocksPerGroup) * file.blockBytes,
        length: SUPER_BYTES,
        identify,
        identity: superIdentity(file, group),
        isPermanent: true,
      });
  return copies;
}

/** Linux before 6.2 wrote the first super block over all copies, with its number 0, when it resized a mounted file system. */
function identifySuper(file: ExtSuper, bytes: Uint8Array): string | undefined {
  const found = parseExtSuper(bytes);
  if (found === undefined) return undefined;
  const identity = superIdentity(found, dataViewOf(bytes).getUint16(0x5a, true));
  return identity === superIdentity(file, 0) ? UNNUMBERED : identity;
}

/** The number of a group is stored in 16 bits. */
function superIdentity({ uuid, blocksPerGroup, blockBytes }: ExtSuper, group: number): string {
  return `super block ${uuid} ${blocksPerGroup} ${blockBytes} ${group % 2 ** 16}`;
}

/** The bitmaps of blocks and inodes. */
function bitmaps(file: ExtSuper, groups: readonly ExtGroup[]): Landmark[] {
  if (!hasWholeSums(file)) return [];
  const kinds = [
    { name: 'blockBitmap', length: file.blockBitmapBytes },
    { name: 'inodeBitmap', length: file.inodeBitmapBytes },
  ] as const;
  return kinds.flatMap(({ name, length }) => {
    const identify = (bytes: Uint8Array) => identifyBitmap(file, bytes);
    return groups.flatMap(group => {
      const bitmap = group[name];
      if (bitmap === undefined) return [];
      return [
        { at: bitmap.at, length, identify, identity: bitmapIdentity(length, bitmap.sum), isPermanent: false },
      ];
    });
  });
}

function identifyBitmap(file: ExtSuper, bytes: Uint8Array): string | undefined {
  // Equal bytes tell no place: bitmaps of full groups, zeros.
  if (bytes.every(byte => byte === bytes[0])) return undefined;
  return bitmapIdentity(bytes.length, extBitmapSum(file, bytes));
}

function bitmapIdentity(bytes: number, sum: number): string {
  return `bitmap of ${bytes} bytes ${sum}`;
}
