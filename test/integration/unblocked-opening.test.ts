/** Opening a chain in the thread that serves the window never waits for a disk there. */
import { open, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { BufferedSource } from '../../electron/chain/buffered-source.ts';
import { discoverChain } from '../../electron/chain/discover.ts';
import { fileSource } from '../../electron/qcow2/read/file-source.ts';
import { openQcow2, openQcow2Sliced } from '../../electron/qcow2/read/image.ts';
import { recognizeFormat } from '../../electron/qcow2/read/probe-format.ts';
import { readBytes } from '../../electron/qcow2/read/source.ts';
import { withEstimate } from '../../electron/service/extent-estimate.ts';
import { golden, makeChain } from '../../examples/recipes.mjs';
import { qemuImg, qemuIo, temporaryFolder } from '../support/tools.ts';

/** Calls that wait in the thread that makes them, by name. */
const { waits } = vi.hoisted(() => ({ waits: [] as string[] }));
vi.mock('node:fs', async original => {
  const fs = await original<typeof import('node:fs')>();
  const counted = Object.fromEntries(
    (['readSync', 'fstatSync', 'statSync', 'openSync', 'readFileSync'] as const).map(name => [
      name,
      (...args: never[]) => {
        waits.push(name);
        return (fs[name] as (...args: never[]) => unknown)(...args);
      },
    ]),
  );
  return { ...fs, ...counted };
});

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});

/** What an image says of itself, read by the one way and by the other, without its source. */
async function bothWays(path: string): Promise<[unknown, unknown]> {
  const handle = await open(path);
  try {
    const { size } = await stat(path);
    const direct = fileSource({ fd: handle.fd, size, path });
    const buffered = new BufferedSource(direct);
    const attempt = async (read: () => unknown) => {
      try {
        const { source, ...image } = (await read()) as { source: unknown };
        return image;
      } catch (error) {
        return error;
      }
    };
    return [
      await attempt(() => openQcow2(direct)),
      await attempt(() => buffered.run(() => openQcow2Sliced(buffered))),
    ];
  } finally {
    await handle.close();
  }
}

describe('opening a chain', () => {
  it('reads no file in the thread that opens it, with snapshots, bitmaps and a long L1 table', async () => {
    const files = await makeChain(golden, folder);
    const top = files[2]!;
    for (let i = 0; i < 12; i++) await qemuImg('snapshot', '-c', `s${i}`, top);
    for (let i = 0; i < 5; i++) await qemuImg('bitmap', '--add', top, `b${i}`);
    waits.length = 0;
    const chain = await discoverChain({ files: [top] });
    const described = await withEstimate(chain.info, chain.layers, Number.POSITIVE_INFINITY);
    expect(waits).toEqual([]);
    expect(described.layers.map(({ qcow2 }) => qcow2?.snapshots.length)).toEqual([0, 0, 12]);
    expect(described.estimate?.extents).toBeGreaterThan(0);
    await chain.close();
  });
});

describe('an image read from memory', () => {
  it('is the same as one read from the file, however it is made', async () => {
    const files = await makeChain(golden, folder);
    await qemuImg('snapshot', '-c', 'one', files[2]!);
    await qemuImg('bitmap', '--add', files[2]!, 'bits');
    await qemuImg(
      'create',
      '-q',
      '-f',
      'qcow2',
      '-o',
      'cluster_size=512,extended_l2=off',
      join(folder, 'small'),
      '1G',
    );
    await qemuImg('create', '-q', '-f', 'qcow2', '-o', 'cluster_size=2M', join(folder, 'large'), '1T');
    await qemuImg('create', '-q', '-f', 'qcow', join(folder, 'old'), '1G');
    await qemuIo(join(folder, 'large'), 'write -P1 0 4M');
    for (const path of [...files, ...['small', 'large', 'old'].map(name => join(folder, name))]) {
      const [direct, buffered] = await bothWays(path);
      expect(buffered).toEqual(direct);
    }
  });

  it('is the same where the file is cut, and where it is no image', async () => {
    const path = join(folder, 'cut');
    for (const size of [0, 3, 71, 104, 4096, 65_535, 65_536, 65_537, 196_608, 262_000]) {
      await qemuImg('create', '-q', '-f', 'qcow2', path, '64M');
      await qemuImg('snapshot', '-c', 'one', path);
      await truncate(path, size);
      const [direct, buffered] = await bothWays(path);
      expect(buffered).toEqual(direct);
    }
    await writeFile(path, 'no image');
    const [direct, buffered] = await bothWays(path);
    expect(buffered).toEqual(direct);
  });

  it('reads any range as the file does, in few rounds', async () => {
    const path = join(folder, 'bytes');
    const content = Buffer.from(Array.from({ length: 5_000_001 }, (_, i) => (i * 31) & 255));
    await writeFile(path, content);
    const handle = await open(path);
    const source = new BufferedSource({ fd: handle.fd, size: content.length, path });
    let rounds = 0;
    const ranges = [
      [0, 1],
      [65_535, 2],
      [65_536, 65_536],
      [4_999_990, 100],
      [5_000_001, 10],
      [1_000_000, 3_000_000],
    ] as const;
    const bytes = await source.compute(() => {
      rounds++;
      return ranges.map(([start, length]) => Buffer.from(readBytes(source, start, length)));
    });
    await handle.close();
    for (const [i, [start, length]] of ranges.entries())
      expect(bytes[i]?.equals(content.subarray(start, start + length))).toBe(true);
    expect(rounds).toBeLessThanOrEqual(ranges.length);
  });

  it('gives the error of a file that cannot be read', async () => {
    const handle = await open(folder); // reading a folder is EISDIR
    const source = new BufferedSource({ fd: handle.fd, size: 100_000, path: folder });
    await expect(source.compute(() => recognizeFormat(source))).rejects.toMatchObject({
      code: 'QCOW2_READ_FAILED',
      subject: folder,
    });
    await handle.close();
  });
});
