/** A disk that takes a few pages, and terabytes to read. */
import { open } from 'node:fs/promises';
import { qemuImg } from '../tools.ts';

const CLUSTER_BYTES = 65_536;

/** Makes a disk of 14 TiB at `path`: each of its L2 tables lies in a hole of the file, which is read like any other. */
export async function hollowImage(path: string): Promise<string> {
  await qemuImg('create', '-q', '-f', 'qcow2', path, '14T');
  const file = await open(path, 'r+');
  try {
    const header = Buffer.alloc(48);
    await file.read(header, 0, header.length, 0);
    const l1 = Buffer.alloc(8 * header.readUInt32BE(36));
    const { size } = await file.stat();
    const tablesAt = Math.ceil(size / CLUSTER_BYTES) * CLUSTER_BYTES;
    for (let i = 0; i < l1.length / 8; i++)
      l1.writeBigUInt64BE((1n << 63n) | BigInt(tablesAt + i * CLUSTER_BYTES), 8 * i);
    await file.write(l1, 0, l1.length, Number(header.readBigUInt64BE(40)));
    await file.truncate(tablesAt + (l1.length / 8) * CLUSTER_BYTES);
  } finally {
    await file.close();
  }
  return path;
}
