/** How long a copy gets, against the files that qemu-img convert writes and what qemu-img measure expects. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { mapHost } from '../../electron/qcow2/layout/host-map.ts';
import { runToEnd } from '../../electron/qcow2/read/sliced-work.ts';
import { pokeU64 } from '../support/images/qcow2-builder.ts';
import { type BuiltImage, buildImage, readImage } from '../support/qcow2-reading.ts';
import { qemuImg, qemuIo, temporaryFolder } from '../support/tools.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);

const copyBytesOf = (path: string) => runToEnd(mapHost(readImage(path))).layout.copyBytes;

/** Bytes of the clusters that a copy made by qemu-img takes, and what qemu-img expects them to be at most. */
async function copied(path: string, clusterSize: number, ...options: readonly string[]) {
  const size = ['-o', `cluster_size=${clusterSize}`];
  await qemuImg('convert', '-O', 'qcow2', ...size, ...options, path, `${path}.copy`);
  const measured = JSON.parse(await qemuImg('measure', '--output=json', '-O', 'qcow2', ...size, path));
  return {
    bytes: Math.ceil(statSync(`${path}.copy`).size / clusterSize) * clusterSize,
    expected: measured.required as number,
  };
}

it.each([
  [512, '2M', ['write -P 1 0 700k']],
  [4096, '64M', ['write -P 1 0 9M', 'write -P 2 40M 3M', 'discard 1M 4M']],
  [65_536, '3G', ['write -P 1 0 6M', 'write -P 2 600M 64k', 'write -z 1G 1M', 'write -P 3 2G 1M']],
  [2_097_152, '64M', ['write -P 1 3M 1M', 'write -z 32M 4M']],
] as const)('is exact for data in clusters of %i bytes', async (clusterSize, size, commands) => {
  const path = at(`plain-${clusterSize}`);
  await qemuImg('create', '-q', '-f', 'qcow2', '-o', `cluster_size=${clusterSize}`, path, size);
  await qemuIo(path, ...commands);
  const { bytes, expected } = await copied(path, clusterSize);
  expect(copyBytesOf(path)).toBe(bytes);
  expect(expected).toBeGreaterThanOrEqual(bytes);
});

it('leaves out snapshots, bitmaps and what was freed, and counts compressed clusters at their full length', async () => {
  const path = at('full');
  await qemuImg('create', '-q', '-f', 'qcow2', path, '16M');
  await qemuIo(path, 'write -P 1 0 8M');
  await qemuImg('snapshot', '-c', 'before', path);
  await qemuImg('bitmap', '--add', path, 'b');
  await qemuIo(path, 'write -P 2 4M 8M', 'write -c -P 3 14M 1M', 'discard 0 1M');
  expect(copyBytesOf(path)).toBe((await copied(path, 65_536)).bytes);
});

it('counts clusters of which a subcluster is used', async () => {
  const path = at('subclusters');
  await qemuImg('create', '-q', '-f', 'qcow2', '-o', 'extended_l2=on', path, '64M');
  await qemuIo(path, 'write -P 1 0 2k', 'write -P 2 1M 200k', 'write -z 8M 4k');
  expect(copyBytesOf(path)).toBe((await copied(path, 65_536)).bytes);
});

it('keeps zeros that hide a backing file', async () => {
  await qemuImg('create', '-q', '-f', 'qcow2', at('base'), '2G');
  await qemuIo(at('base'), 'write -P 1 0 4M', 'write -P 1 1G 1M');
  await qemuImg('create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', at('base'), at('top'));
  await qemuIo(at('top'), 'write -P 2 64k 128k', 'write -z 1G 1M');
  const kept = await copied(at('top'), 65_536, '-B', at('base'), '-F', 'qcow2');
  expect(copyBytesOf(at('top'))).toBe(kept.bytes);
});

it.each([
  ['a table cannot be followed', (image: BuiltImage) => pokeU64(image.source.fd, image.l1Offset, 0x30200n)],
  [
    'data lies past the end of the file',
    ({ source, l2Offsets }: BuiltImage) => pokeU64(source.fd, l2Offsets.get(0) as number, 1n << 40n),
  ],
  [
    'data lies on a table',
    ({ source, l2Offsets, l1Offset }: BuiltImage) =>
      pokeU64(source.fd, l2Offsets.get(0) as number, (1n << 63n) | BigInt(l1Offset)),
  ],
] as const)('is not said where %s', (_, damage) => {
  const image = buildImage({ size: 2 ** 20, clusters: [{ index: 0, kind: 'data' }] });
  expect(copyBytesOf(image.path)).toBeGreaterThan(0);
  damage(image);
  expect(copyBytesOf(image.path)).toBeUndefined();
});
