/** Stored dirty bitmaps, against qemu's own dirty-bitmap contexts. */
import { describe, expect, it } from 'vitest';
import { openQcow2, type Qcow2Image } from '../../electron/qcow2/read/image.ts';
import { randomChain } from '../support/images/random-chain.ts';
import { alone, asNbdinfo, bitmapRuns, buildImage, readImage } from '../support/qcow2-reading.ts';
import { nbdinfoMap, startQemuNbd, temporaryFolder } from '../support/tools.ts';

const folder = temporaryFolder();

async function expectSameBitmaps(path: string, image: Qcow2Image, names: readonly string[]): Promise<number> {
  expect(image.findings).toEqual([]);
  if (names.length === 0) return 0;
  const server = await startQemuNbd([...names.flatMap(name => ['-B', name]), alone(path)]);
  let dirty = 0;
  try {
    for (const name of names) {
      const theirs = await nbdinfoMap(server.uri, `qemu:dirty-bitmap:${name}`);
      for (const span of [2 ** 26, 2 ** 21]) {
        const runs = bitmapRuns(image, name, span).map(([start, length, word]) => ({ start, length, word }));
        expect(asNbdinfo(runs, 'dirty'), `${path} ${name}`).toBe(
          theirs.map(({ offset, length, type }) => `${offset} ${length} ${type}`).join(' | '),
        );
      }
      dirty += theirs.filter(({ type }) => type === 1).length;
    }
  } finally {
    await server.stop();
  }
  return dirty;
}

describe('stored bitmaps', () => {
  it('of random chains', async () => {
    let dirty = 0;
    for (let seed = 7000; seed < 7012; seed++) {
      const chain = await randomChain(seed, folder, { bitmaps: true, versions: [3] });
      for (const layer of chain.layers.filter(({ format }) => format === 'qcow2')) {
        const image = readImage(layer.path);
        expect(image.bitmaps.map(({ name }) => name).toSorted()).toEqual(layer.bitmaps.toSorted());
        dirty += await expectSameBitmaps(layer.path, image, layer.bitmaps);
      }
    }
    expect(dirty).toBeGreaterThan(10);
  });

  it('of many clusters of bits and of odd sizes', async () => {
    const size = 2 ** 34 + 2 ** 20 + 512;
    const every = Array.from(
      { length: 5000 },
      (_, i) => [i * 3 * 65_536 + 100, i * 3 * 65_536 + 101] as const,
    );
    const { path, source } = buildImage({
      size,
      clusterBits: 9,
      clusters: [],
      bitmaps: [
        {
          name: 'ends',
          granularity: 512,
          dirty: [
            [0, 512],
            [2 ** 21 - 512, 2 ** 21 + 512],
            [size - 512, size],
          ],
        },
        { name: 'every', dirty: every },
        { name: 'all', granularity: 2 ** 20, dirty: [[0, size]] },
      ],
    });
    expect(await expectSameBitmaps(path, openQcow2(source), ['ends', 'every', 'all'])).toBe(5004);
  });
});
