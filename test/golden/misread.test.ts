/** What a copier that trusts the hole bit gets wrong: done with real exports of each layer, and compared with the list. */
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { misreadTarget } from '../../electron/service/plan/misread-target.ts';
import type { MisreadReader, MisreadRow } from '../../shared/model/misread.ts';
import { goldenChain } from '../support/images/chains.ts';
import { type RandomLayer, randomChain } from '../support/images/random-chain.ts';
import { type NbdinfoExtent, nbdinfoMap, qemuImg, startQemuNbd, temporaryFolder } from '../support/tools.ts';

const CHAINS = 8;
const SECTOR = 512;
const NBD_STATE_HOLE = 1;
const folder = temporaryFolder();

async function misreadsOf(files: readonly string[], reader: MisreadReader): Promise<MisreadRow[]> {
  const found: MisreadRow[] = [];
  await misreadTarget({ kind: 'files', files }, { allow: [], allowAll: true }, reader, {
    begin: async () => {},
    take: async rows => {
      found.push(...rows);
    },
  });
  return found;
}

/** A layer as a copier gets it: its content alone, and what base:allocation says of it. */
interface ExportedLayer {
  readonly size: number;
  readonly content: Buffer;
  readonly extents: readonly NbdinfoExtent[];
}

async function exportLayer({ path, format, size }: RandomLayer): Promise<ExportedLayer> {
  const copy = `${path}.alone`;
  await copyFile(path, copy);
  if (format === 'qcow2') await qemuImg('rebase', '-u', '-f', 'qcow2', '-b', '', copy);
  await qemuImg('convert', '-f', format, '-O', 'raw', copy, `${copy}.content`);
  const server = await startQemuNbd(['-f', format, copy]);
  try {
    const extents = await nbdinfoMap(server.uri, 'base:allocation');
    return { size, content: await readFile(`${copy}.content`), extents };
  } finally {
    await server.stop();
  }
}

/** The sector that is read from copies of layers `top` down in which holes were left out. */
function readRestored(layers: readonly ExportedLayer[], top: number, offset: number): Buffer {
  for (let layer = top; layer >= 0; layer--) {
    const { size, content, extents } = layers[layer]!;
    if (offset >= size) break;
    const extent = extents.find(({ offset: start, length }) => offset >= start && offset < start + length);
    if ((extent!.type & NBD_STATE_HOLE) === 0) return content.subarray(offset, offset + SECTOR);
  }
  return Buffer.alloc(SECTOR);
}

/** Compares every sector of the top as restored with the real one; resolves to how many differ. */
async function proveHoleBit(seed: number): Promise<number> {
  const own = join(folder, `${seed}`);
  await mkdir(own);
  const { layers, top } = await randomChain(seed, own);
  const rows = await misreadsOf(
    layers.map(({ path }) => path),
    'hole-bit',
  );
  const exported: ExportedLayer[] = [];
  for (const layer of layers) exported.push(await exportLayer(layer));
  await qemuImg('convert', '-O', 'raw', top, `${top}.content`);
  const real = await readFile(`${top}.content`);
  let wrong = 0;
  for (let at = 0; at < real.length; at += SECTOR) {
    const restored = readRestored(exported, layers.length - 1, at);
    if (restored.equals(real.subarray(at, at + SECTOR))) continue;
    wrong++;
    const isListed = rows.some(({ start, length }) => at >= start && at < start + length);
    expect(isListed, `${seed} at ${at} ${JSON.stringify(rows)}`).toBe(true);
  }
  return wrong;
}

it('lists every sector that a restore without holes gets wrong', async () => {
  let wrong = 0;
  for (let seed = 1; seed <= CHAINS; seed++) wrong += await proveHoleBit(seed);
  expect(wrong).toBeGreaterThan(0);
});

it('lists zeros with host space as stale, without as older data, and compressed clusters as garbage or refused', async () => {
  const own = join(folder, 'golden');
  await mkdir(own);
  const files = await goldenChain(own);
  const KIB = 1024;
  // The middle's clusters 3 to 5 are zeros over the base, of which the fourth keeps its host space.
  expect(await misreadsOf(files, 'hole-bit')).toEqual([
    { layer: 1, start: 192 * KIB, length: 192 * KIB, reads: 'below' },
  ]);
  expect(await misreadsOf(files, 'offset-only')).toEqual([
    { layer: 1, start: 192 * KIB, length: 64 * KIB, reads: 'below' },
    { layer: 1, start: 256 * KIB, length: 64 * KIB, reads: 'stale' },
    { layer: 1, start: 320 * KIB, length: 64 * KIB, reads: 'below' },
    { layer: 2, start: 384 * KIB, length: 64 * KIB, reads: 'garbage' },
  ]);
  expect(await misreadsOf(files, 'allocated')).toEqual([
    { layer: 1, start: 192 * KIB, length: 64 * KIB, reads: 'below' },
    { layer: 1, start: 320 * KIB, length: 64 * KIB, reads: 'below' },
    { layer: 2, start: 0, length: 1280 * KIB, reads: 'refused' },
  ]);
});

it.each([
  ['cluster_size=4k', 'refused', undefined],
  ['extended_l2=on', 'garbage', 'garbage'],
] as const)(
  'a layer with %s is %s to a list of allocated clusters',
  async (option, allocated, offsetOnly) => {
    const path = join(folder, option);
    await qemuImg('create', '-q', '-f', 'qcow2', '-o', option, path, '1M');
    const whole = (reads: string | undefined) =>
      reads === undefined ? [] : [{ layer: 0, start: 0, length: 2 ** 20, reads }];
    expect(await misreadsOf([path], 'allocated')).toEqual(whole(allocated));
    expect(await misreadsOf([path], 'offset-only')).toEqual(whole(offsetOnly));
    expect(await misreadsOf([path], 'hole-bit')).toEqual([]);
  },
);
