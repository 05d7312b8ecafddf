/** Images that show what an NBD client must cope with, made with qemu-img and a few bytes of our own. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { qemuImg, qemuIo } from '../tools.ts';

/** Offsets of the L2 tables of an image, in guest order. */
async function l2Tables(path: string): Promise<number[]> {
  const file = await open(path, 'r');
  try {
    const { buffer: header } = await file.read(Buffer.alloc(104), 0, 104, 0);
    const entries = header.readUInt32BE(36);
    const { buffer: l1 } = await file.read(
      Buffer.alloc(8 * entries),
      0,
      8 * entries,
      Number(header.readBigUInt64BE(40)),
    );
    return Array.from({ length: entries }, (_, i) => Number(l1.readBigUInt64BE(8 * i) & 0x00fffffffffffe00n));
  } finally {
    await file.close();
  }
}

/**
 * An image whose clusters are data and zeros by turns: base:allocation has as many extents as clusters, so that a
 * server cuts it long before it cuts allocation-depth, which is one extent. Its tables are written here, all data
 * clusters being one host cluster, and its refcounts are not: that is enough for being read.
 */
export async function fragmentedImage(folder: string, clusters: number, clusterSize = 512): Promise<string> {
  const path = join(folder, `fragmented-${clusters}-${clusterSize}.qcow2`);
  const options = ['-o', `cluster_size=${clusterSize}`];
  await qemuImg('create', '-q', '-f', 'qcow2', ...options, path, `${clusters * clusterSize}`);
  const file = await open(path, 'r+');
  try {
    const { buffer: header } = await file.read(Buffer.alloc(104), 0, 104, 0);
    const { size } = await file.stat();
    const data = Math.ceil(size / clusterSize) * clusterSize;
    const table = Buffer.alloc(clusterSize);
    for (let entry = 0; entry < clusterSize; entry += 16) {
      table.writeBigUInt64BE(2n ** 63n + BigInt(data), entry);
      table.writeBigUInt64BE(1n, entry + 8);
    }
    const count = (clusters * 8) / clusterSize;
    await file.write(Buffer.alloc(clusterSize, 1), 0, clusterSize, data);
    const tables = Buffer.concat(new Array<Buffer>(count).fill(table));
    await file.write(tables, 0, tables.length, data + clusterSize);
    const l1 = Buffer.alloc(8 * count);
    for (let i = 0; i < count; i++) {
      l1.writeBigUInt64BE(2n ** 63n + BigInt(data + clusterSize * (i + 1)), 8 * i);
    }
    await file.write(l1, 0, l1.length, Number(header.readBigUInt64BE(40)));
  } finally {
    await file.close();
  }
  return path;
}

/** Four layers of 8 MiB that give the allocation depths 4 1 2 3 3 1 2 0, one for each MiB. The top layer's path. */
export async function depthPatternChain(folder: string): Promise<string> {
  const layers = [['0 4M'], ['2M 4M'], ['1M 2M', '5M 2M'], ['1M 1M', '5M 1M']];
  let backing = '';
  for (const [i, writes] of layers.entries()) {
    const path = join(folder, `depth-${i}.qcow2`);
    const link = backing === '' ? [] : ['-F', 'qcow2', '-b', backing];
    await qemuImg('create', '-q', '-f', 'qcow2', ...link, path, '8M');
    await qemuIo(path, ...writes.map(range => `write -P${i + 1} ${range}`), 'flush');
    backing = path;
  }
  return backing;
}

/** An image of 8 GiB with some data; `damage` then makes its second cluster's L2 entry invalid. */
export async function damageableImage(folder: string): Promise<{ path: string; damage(): Promise<void> }> {
  const path = join(folder, 'damageable.qcow2');
  await qemuImg('create', '-q', '-f', 'qcow2', path, '8G');
  await qemuIo(path, 'write -P1 0 192k', 'write -P2 3G 1M', 'write -P3 5G 64k', 'flush');
  return {
    path,
    async damage() {
      const [table = 0] = await l2Tables(path);
      const file = await open(path, 'r+');
      try {
        const entry = Buffer.from('8000000000052a00', 'hex'); // not aligned to a cluster
        await file.write(entry, 0, 8, table + 8);
      } finally {
        await file.close();
      }
    },
  };
}
