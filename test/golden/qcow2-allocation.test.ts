/** Image end offset and leaks, against `qemu-img check --output=json`. */
import { describe, expect, it } from 'vitest';
import { measureSpace } from '../../electron/qcow2/layout/allocation.ts';
import { openQcow2, type Qcow2Image } from '../../electron/qcow2/read/image.ts';
import { type ImageSpec, pokeU32, pokeU64 } from '../support/qcow2-builder.ts';
import { alone, buildImage, readImage } from '../support/qcow2-reading.ts';
import { randomChain } from '../support/random-chain.ts';
import { run, temporaryFolder } from '../support/tools.ts';

const folder = temporaryFolder();

async function expectSameSpace(path: string, image: Qcow2Image, dataFile?: string): Promise<number> {
  const { stdout, stderr } = await run('qemu-img', ['check', '--output=json', alone(path, dataFile)]);
  const theirs = JSON.parse(stdout);
  expect(theirs['check-errors'], stderr).toBe(0);
  const space = measureSpace(image);
  expect(space?.imageEnd, path).toBe(theirs['image-end-offset']);
  expect(space?.leaked, path).toBe((theirs.leaks ?? 0) * image.geometry.clusterSize);
  expect(space?.complete).toBe(true);
  return theirs.leaks ?? 0;
}

it('is what qemu-img check finds in random chains', async () => {
  for (let seed = 11_000; seed < 11_012; seed++) {
    const chain = await randomChain(seed, folder, {
      snapshots: seed % 2 === 0,
      bitmaps: true,
      dataFile: true,
    });
    for (const layer of chain.layers.filter(({ format }) => format === 'qcow2'))
      await expectSameSpace(layer.path, readImage(layer.path), layer.dataFile);
  }
});

describe('leaks', () => {
  it.each([1, 2, 4, 8, 16, 32, 64])('are found with refcounts of %i bits', async refcountBits => {
    const spec: ImageSpec = {
      size: 2 ** 22,
      clusterBits: 9,
      refcountBits,
      clusters: index => (index % 3 === 0 ? 'data' : 'unallocated'),
    };
    const { path, source, l2Offsets } = buildImage(spec);
    const table = l2Offsets.get(2) as number;
    for (const index of [1, 4, 7, 61]) pokeU64(source.fd, table + index * 8, 0n);
    expect(await expectSameSpace(path, openQcow2(source))).toBe(4);
  });

  it('behind a snapshot count that was lowered', async () => {
    const { path, source } = buildImage({
      size: 2 ** 20,
      clusterBits: 12,
      snapshots: [{ id: '1', name: 'hidden', clusters: [{ index: 9, kind: 'data' }] }],
    });
    pokeU32(source.fd, 60, 0);
    expect(await expectSameSpace(path, openQcow2(source))).toBe(4); // table, L1, L2 and one of data
  });

  it('are none where bitmaps are counted', async () => {
    const { path, source } = buildImage({ size: 2 ** 30, bitmaps: [{ name: 'b', dirty: [[0, 2 ** 29]] }] });
    expect(await expectSameSpace(path, openQcow2(source))).toBe(0);
  });
});
