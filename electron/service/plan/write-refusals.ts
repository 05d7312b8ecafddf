/** Which files of a chain the system does not let this user write to. Nothing is opened for writing to find out. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { basename } from 'node:path';
import { systemPath } from '../../chain/byte-path.ts';
import type { OpenLayer } from '../../chain/discover.ts';
import { isRefusalReason, type RefusalReason, type WriteRefusal } from '../../plan/target/write-refusal.ts';

/** For each layer its first file that may not be written to: of the image, and of the external data file. Never rejects. */
export function writeRefusals(layers: readonly OpenLayer[]): Promise<(WriteRefusal | undefined)[]> {
  return Promise.all(layers.map(refusalOf));
}

async function refusalOf({ info, path, source, dataFile }: OpenLayer): Promise<WriteRefusal | undefined> {
  const reason = await refusalReason(source.fd, systemPath(path));
  if (reason !== undefined) return { reason };
  const data = info.dataFile?.resolved;
  if (dataFile === undefined || data === undefined) return undefined;
  const ofData = await refusalReason(dataFile.fd, data);
  return ofData === undefined ? undefined : { dataFile: basename(data), reason: ofData };
}

/**
 * Why an open file may not be written to; undefined where it may be, or where that is not known. By its descriptor where
 * the system has that as a path: the name may lead elsewhere by now. Source: access(2).
 */
export async function refusalReason(fd: number, path: string | Buffer): Promise<RefusalReason | undefined> {
  try {
    await access(process.platform === 'linux' ? `/proc/self/fd/${fd}` : path, constants.W_OK);
    return undefined;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return isRefusalReason(code) ? code : undefined;
  }
}
