/** The map of one layer alone, against `qemu-img map --output=json` of the same file. */
import { describe, expect, it } from 'vitest';
import { mapWithoutHostHoles } from '../support/images/host-holes.ts';
import { type RandomChain, randomChain } from '../support/images/random-chain.ts';
import { alone, asQemuMap, mapWhole, readImage } from '../support/qcow2-reading.ts';
import { qemuImg, temporaryFolder } from '../support/tools.ts';

const folder = temporaryFolder();

async function expectSameMaps(chain: RandomChain): Promise<number> {
  let compared = 0;
  for (const layer of chain.layers) {
    if (layer.format === 'raw') continue;
    const theirs = JSON.parse(await qemuImg('map', '--output=json', alone(layer.path, layer.dataFile)));
    const image = readImage(layer.path);
    const where = JSON.stringify(layer.recipe);
    expect(image.findings, where).toEqual([]);
    const pages = [2 ** 26, Math.max(layer.clusterSize, 2 ** 16)];
    for (const span of pages)
      expect(asQemuMap(mapWhole(image, { span })), where).toEqual(mapWithoutHostHoles(theirs));
    compared++;
  }
  return compared;
}

describe('one layer alone', () => {
  it.each([
    ['standard, extended and compressed', {}, 1],
    ['with data files', { dataFile: true }, 1000],
    ['with snapshots', { snapshots: true, versions: [3] as const }, 2000],
    ['of version 2', { versions: [2] as const }, 3000],
  ])('%s', async (_, features, firstSeed) => {
    let compared = 0;
    for (let seed = firstSeed; seed < firstSeed + 20; seed++)
      compared += await expectSameMaps(await randomChain(seed, folder, features));
    expect(compared).toBeGreaterThan(30);
  });
});
