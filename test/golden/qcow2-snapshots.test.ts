/** Every internal snapshot opened instead of the active disk, compared with qemu-nbd and with a copy to which it was applied. */
import { copyFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { openQcow2, type Qcow2Image } from '../../electron/qcow2/read/image.ts';
import { allocationWithoutHostHoles, mapWithoutHostHoles } from '../support/images/host-holes.ts';
import { randomChain } from '../support/images/random-chain.ts';
import { alone, asNbdinfo, asQemuMap, buildImage, mapWhole, readImage } from '../support/qcow2-reading.ts';
import { nbdinfoMap, qemuImg, startQemuNbd, temporaryFolder } from '../support/tools.ts';

const folder = temporaryFolder();

/** `size` cuts qemu-nbd's answer where the snapshot's disk was shorter: it goes on to the end of the active one. */
async function expectSameViews(path: string, image: Qcow2Image, id: string, size: number): Promise<void> {
  const extents = mapWhole(image, { snapshotId: id });
  const server = await startQemuNbd(['-A', '-l', `snapshot.id=${id}`, alone(path)]);
  try {
    const allocation = allocationWithoutHostHoles(await nbdinfoMap(server.uri, 'base:allocation'));
    const depth = await nbdinfoMap(server.uri, 'qemu:allocation-depth');
    for (const [context, rows] of [
      ['base:allocation', allocation] as const,
      ['qemu:allocation-depth', depth] as const,
    ]) {
      const cut = rows
        .filter(row => row.offset < size)
        .map(({ offset, length, type }) => `${offset} ${Math.min(length, size - offset)} ${type}`);
      expect(asNbdinfo(extents, context), `${path} ${id} ${context}`).toBe(cut.join(' | '));
    }
  } finally {
    await server.stop();
  }
  const copy = `${path}.applied-${id}`;
  await copyFile(path, copy);
  await qemuImg('snapshot', '-a', id, copy);
  const theirs = JSON.parse(await qemuImg('map', '--output=json', alone(copy)));
  expect(asQemuMap(extents), `${path} ${id}`).toEqual(mapWithoutHostHoles(theirs));
}

describe('views of snapshots', () => {
  it('of random chains', async () => {
    let compared = 0;
    for (let seed = 5000; seed < 5012; seed++) {
      const chain = await randomChain(seed, folder, { snapshots: true, versions: [2, 3] });
      for (const layer of chain.layers.filter(({ snapshots }) => snapshots.length > 0)) {
        const image = readImage(layer.path);
        expect(image.snapshots.map(({ name }) => name)).toEqual(layer.snapshots);
        for (const { id, diskSize } of image.snapshots) {
          await expectSameViews(layer.path, image, id, diskSize);
          compared++;
        }
      }
    }
    expect(compared).toBeGreaterThan(12);
  });

  it('of disks that were smaller and larger then', async () => {
    const { path, source } = buildImage({
      size: 2 ** 22,
      clusterBits: 9,
      clusters: [{ index: 8191, kind: 'data' }],
      snapshots: [
        { id: '1', name: 'small', diskSize: 2 ** 20 + 512, clusters: [{ index: 2048, kind: 'data' }] },
        { id: '2', name: 'large', diskSize: 2 ** 23, clusters: [{ index: 16_000, kind: 'zeroHole' }] },
      ],
    });
    const image = openQcow2(source);
    await expectSameViews(path, image, '1', 2 ** 20 + 512);
    const copy = `${path}.copy`;
    await copyFile(path, copy);
    await qemuImg('snapshot', '-a', '2', copy);
    const theirs = JSON.parse(await qemuImg('map', '--output=json', alone(copy)));
    expect(asQemuMap(mapWhole(image, { snapshotId: '2' }))).toEqual(mapWithoutHostHoles(theirs));
  });
});
