/** Opens the file system of a volume, whichever of those that number their parts it is. */
import { openBtrfs } from './btrfs.ts';
import { openExt } from './ext.ts';
import type { NumberedFileSystem, OpenFileSystem, ReadVolume } from './landmark.ts';
import { openNtfs } from './ntfs.ts';
import { openXfs } from './xfs.ts';

const KINDS: readonly OpenFileSystem[] = [openXfs, openExt, openBtrfs, openNtfs];

/** The file system that begins the volume; undefined where there is none, or what is left of another one beside it. */
export function openFileSystem(read: ReadVolume): NumberedFileSystem | undefined {
  const found = KINDS.flatMap(open => open(read) ?? []);
  return found.length === 1 ? found[0] : undefined;
}
