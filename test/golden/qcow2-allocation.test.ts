/** Image end offset and leaks, against `qemu-img check --output=json`. */
import { ftruncateSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { measureAllocation } from '../../electron/qcow2/layout/allocation.ts';
import { openQcow2, type Qcow2Image } from '../../electron/qcow2/read/image.ts';
import { runToEnd } from '../../electron/qcow2/read/sliced-work.ts';
import type { Allocation } from '../../shared/model/allocation.ts';
import { type ImageSpec, pokeU32, pokeU64 } from '../support/images/qcow2-builder.ts';
import { randomChain } from '../support/images/random-chain.ts';
import { alone, buildImage, readImage } from '../support/qcow2-reading.ts';
import { run, runWell, temporaryFolder } from '../support/tools.ts';

const folder = temporaryFolder();

function allocationOf(image: Qcow2Image): Allocation {
  const reply = runToEnd(measureAllocation(image));
  if (!reply.measured) throw new Error(reply.why);
  return reply.allocation;
}

async function expectSameSpace(path: string, image: Qcow2Image, dataFile?: string): Promise<number> {
  const { stdout, stderr } = await run('qemu-img', ['check', '--output=json', alone(path, dataFile)]);
  const theirs = JSON.parse(stdout);
  expect(theirs['check-errors'], stderr).toBe(0);
  const { imageEnd, leaked, unknownLeaks } = allocationOf(image);
  expect(imageEnd, path).toBe(theirs['image-end-offset']);
  expect(leaked, `${path} ${unknownLeaks}`).toBe((theirs.leaks ?? 0) * image.geometry.clusterSize);
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

  it('are the bitmaps that another program made stale', async () => {
    const { path, source } = buildImage({ size: 2 ** 30, bitmaps: [{ name: 'b', dirty: [[0, 2 ** 29]] }] });
    pokeU64(source.fd, 88, 0n);
    expect(await expectSameSpace(path, openQcow2(source))).toBe(3); // directory, table, bits
  });

  it('are refcounts above the references', async () => {
    const { path, source, refcountBlockOffsets } = buildImage({
      size: 2 ** 20,
      clusters: [{ index: 1, kind: 'data' }],
    });
    pokeU32(source.fd, refcountBlockOffsets[0] as number, 0x0003_0001);
    expect(await expectSameSpace(path, openQcow2(source))).toBe(1);
  });

  it.each([
    { count: 1, clusterBits: 16, why: 'the snapshot table goes with the only snapshot' },
    { count: 2, clusterBits: 16, why: 'the snapshot table stays' },
    { count: 8, clusterBits: 9, why: 'the snapshot table loses a cluster' },
  ])('are what deleting one of $count snapshots would free: $why', async ({ count, clusterBits }) => {
    const spec: ImageSpec = {
      size: 2 ** 22,
      clusterBits,
      clusters: index => (index % 2 === 0 ? 'data' : 'unallocated'),
      snapshots: [
        { id: '1', name: 'a', clusters: index => (index % 3 === 0 ? 'data' : 'unallocated') },
        ...Array.from({ length: count - 1 }, (_, i) => ({ id: `${i + 2}`, name: 'bcdefgh'[i] as string })),
      ],
    };
    const { path, source } = buildImage(spec);
    const before = allocationOf(openQcow2(source));
    const share = before.shares?.[0];
    await runWell('qemu-img', ['snapshot', '-d', 'a', path]);
    const after = allocationOf(openQcow2(source));
    expect(after.leaked).toBe(0);
    expect(before.allocated - after.allocated).toBe((share?.data ?? 0) + (share?.tables ?? 0));
  });
});

describe('the end of the image', () => {
  it.each<[string, bigint]>([
    ['unaligned data', 0x8000_0000_0007_0200n],
    ['data in the last cluster of the file', 0x8000_0000_0008_0000n],
    ['data a cluster past the end', 0x8000_0000_0009_0000n],
    ['compressed data that runs past the end', 0x4000_0000_0008_fe00n | (3n << 54n)],
  ])('is that of qemu-img check with %s', async (_, entry) => {
    const { path, source, l2Offsets } = buildImage({ size: 2 ** 20, clusters: [{ index: 1, kind: 'data' }] });
    ftruncateSync(source.fd, 0x8_1000);
    pokeU64(source.fd, (l2Offsets.get(0) as number) + 8 * 3, entry);
    const { stdout } = await run('qemu-img', ['check', '--output=json', alone(path)]);
    const { imageEnd } = allocationOf(openQcow2(source));
    expect(imageEnd).toBe(JSON.parse(stdout)['image-end-offset']);
  });
});
