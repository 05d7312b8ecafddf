/** What is free on the file systems where the files of a plan's target lie. */
import { fstat } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import type { OpenLayer } from '../../chain/discover.ts';
import type { FileRoom, TargetRoom } from '../../plan/target/file-room.ts';

const SECTOR_BYTES = 512;
const statOf = promisify(fstat);

/** The room for a target's files, as far as the system tells it; devices are none. */
export async function volumeRoomOf({ info, source, device, dataFile }: OpenLayer): Promise<TargetRoom> {
  const data = info.dataFile?.resolved;
  const image = device ? undefined : await fileRoom(source.fd, info.path);
  const apart =
    dataFile === undefined || dataFile.device || data === undefined
      ? undefined
      : await fileRoom(dataFile.fd, data);
  return {
    ...(image === undefined ? {} : { image }),
    ...(apart === undefined ? {} : { dataFile: apart }),
  };
}

/** Undefined for a name that is not UTF-8, and for a file that was renamed meanwhile. */
async function fileRoom(fd: number, path: string): Promise<FileRoom | undefined> {
  try {
    const [{ bavail, bsize }, { dev, size, blocks }] = await Promise.all([statfs(path), statOf(fd)]);
    const stored = blocks === undefined ? size : blocks * SECTOR_BYTES; // Windows has no count of blocks
    return { name: basename(path), free: bavail * bsize, disk: dev, length: size, stored };
  } catch {
    return undefined;
  }
}
