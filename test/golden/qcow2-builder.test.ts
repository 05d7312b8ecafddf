/** Images of the builder are what qemu takes them for: clean, with the content and the map that were asked for. */
import { describe, expect, it } from 'vitest';
import { openQcow2 } from '../../electron/qcow2/read/image.ts';
import { mapWithoutHostHoles } from '../support/images/host-holes.ts';
import type { ClusterSpec, ImageSpec } from '../support/images/qcow2-builder.ts';
import { alone, asQemuMap, buildImage, mapWhole } from '../support/qcow2-reading.ts';
import { qemuImg, qemuIo, run } from '../support/tools.ts';

/** Text that deflates to about half of the cluster, so that streams straddle host clusters. */
function halfRandom(size: number, seed: number): Uint8Array {
  let state = seed | 1;
  return Uint8Array.from({ length: size }, (_, i) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return i % 2 === 0 ? 7 : state >>> 24;
  });
}

function everyKind(clusterSize: number, version: 2 | 3, compressed = true): ClusterSpec[] {
  const content = (byte: number) => new Uint8Array(clusterSize).fill(byte);
  return [
    { index: 0, kind: 'data', content: content(1) },
    ...(version === 3
      ? ([
          { index: 1, kind: 'zeroHole' },
          { index: 2, kind: 'zeroAllocated', content: content(9) },
        ] as const)
      : []),
    { index: 3, kind: 'data', content: content(4) },
    ...(compressed ? [5, 6, 7, 9] : []).map(
      index => ({ index, kind: 'compressed', content: halfRandom(clusterSize, index) }) as const,
    ),
    { index: 70, kind: 'data', content: content(5) },
  ];
}

async function expectGood(spec: ImageSpec): Promise<string> {
  const { path, source } = buildImage(spec);
  const check = await run('qemu-img', ['check', '--output=json', path]);
  expect(check.code, check.stderr + check.stdout).toBe(0);
  const theirs = JSON.parse(await qemuImg('map', '--output=json', alone(path)));
  const image = openQcow2(source);
  expect(image.findings.filter(({ severity }) => severity !== 'note')).toEqual([]);
  expect(asQemuMap(mapWhole(image))).toEqual(mapWithoutHostHoles(theirs));
  return path;
}

describe('images of the builder', () => {
  it.each([9, 10, 12, 14, 16, 18, 21])('with clusters of 1 << %i bytes', async clusterBits => {
    const clusterSize = 2 ** clusterBits;
    const path = await expectGood({
      size: clusterSize * 80 + 512,
      clusterBits,
      clusters: everyKind(clusterSize, 3),
    });
    await qemuIo(path, `read -P1 0 ${clusterSize}`, `read -P0 ${clusterSize} ${clusterSize * 2}`);
    await qemuIo(
      path,
      `read -P4 ${clusterSize * 3} ${clusterSize}`,
      `read -P5 ${clusterSize * 70} ${clusterSize}`,
    );
    const flat = `${path}.raw`;
    await qemuImg('convert', '-O', 'raw', path, flat);
    const whole = buildImage({
      size: clusterSize * 80 + 512,
      clusterBits,
      clusters: [5, 6, 7, 9].map(index => ({ index, kind: 'data', content: halfRandom(clusterSize, index) })),
    });
    await qemuIo(flat, `write -P0 0 ${clusterSize * 4}`, `write -P0 ${clusterSize * 70} ${clusterSize}`);
    await qemuImg('compare', '-f', 'raw', '-F', 'qcow2', flat, whole.path);
  });

  it.each([1, 2, 4, 8, 16, 32, 64])('with refcounts of %i bits', async refcountBits => {
    // Compressed clusters that share a host cluster need counts above 1.
    await expectGood({
      size: 2 ** 21,
      clusterBits: 12,
      refcountBits,
      clusters: everyKind(4096, 3, refcountBits > 1),
    });
  });

  it('of version 2', async () => {
    await expectGood({ size: 2 ** 22, version: 2, clusterBits: 12, clusters: everyKind(4096, 2) });
  });

  it('with extended L2 entries of every kind', async () => {
    const path = await expectGood({
      size: 2 ** 21 * 3,
      clusterBits: 14,
      extendedL2: true,
      clusters: [
        { index: 0, kind: 'data', content: new Uint8Array(2 ** 14).fill(1) },
        { index: 1, kind: 'zeroHole' },
        { index: 2, kind: 'zeroAllocated' },
        { index: 3, kind: 'subclusters', alloc: 0x0000_00ff, zero: 0x00ff_0000 },
        { index: 4, kind: 'subclusters', alloc: 0, zero: 0x8000_0001, host: false },
        { index: 5, kind: 'subclusters', alloc: 0, zero: 0 },
        { index: 6, kind: 'subclusters', alloc: 0x8000_0000, zero: 0 },
        { index: 7, kind: 'compressed', content: halfRandom(2 ** 14, 3) },
        { index: 300, kind: 'data' },
      ],
    });
    await qemuIo(path, 'read -P1 0 16k', 'read -P0 16k 32k');
  });

  it('with snapshots that share tables and some that do not', async () => {
    const clusters = everyKind(4096, 3);
    const path = await expectGood({
      size: 2 ** 22,
      clusterBits: 12,
      clusters,
      snapshots: [
        { id: '1', name: 'shared' },
        {
          id: '2',
          name: 'own',
          clusters: [{ index: 8, kind: 'data', content: new Uint8Array(4096).fill(8) }],
        },
        { id: '3', name: 'shorter', diskSize: 2 ** 20, clusters: [], vmStateSize: 17 },
      ],
    });
    await qemuImg('snapshot', '-a', '2', path);
    await qemuIo(path, 'read -P8 32k 4k', 'read -P0 0 32k');
    await qemuImg('snapshot', '-a', '1', path);
    await qemuIo(path, 'read -P1 0 4k', 'read -P4 12k 4k');
    await qemuImg('check', path);
  });

  it('with bitmaps', async () => {
    const path = await expectGood({
      size: 2 ** 30,
      clusters: [{ index: 3, kind: 'data' }],
      bitmaps: [
        { name: 'a', dirty: [[65536, 131072]] },
        {
          name: 'b',
          granularity: 512,
          dirty: [
            [0, 512],
            [1024, 4096],
          ],
          enabled: false,
        },
        { name: 'c', inUse: true },
      ],
    });
    const info = JSON.parse(await qemuImg('info', '--output=json', path));
    expect(info['format-specific'].data.bitmaps).toEqual([
      { name: 'a', granularity: 65536, flags: ['auto'] },
      { name: 'b', granularity: 512, flags: [] },
      { name: 'c', granularity: 65536, flags: ['in-use', 'auto'] },
    ]);
  });

  it('with a backing file, many clusters by function, tables together and data scattered', async () => {
    const count = 2 ** 14;
    const base = buildImage({ size: count * 512, clusterBits: 9, clusters: () => 'data' });
    const place = (n: number) => (n * 5) % 8192;
    const { path, source } = buildImage({
      size: count * 512,
      clusterBits: 9,
      backingFile: base.path,
      backingFormat: 'qcow2',
      clusters: index => (index % 2 === 0 ? 'data' : 'unallocated'),
      l2Together: true,
      scatter: { count: 8192, place },
    });
    await qemuImg('check', path);
    const theirs = JSON.parse(await qemuImg('map', '--output=json', alone(path)));
    expect(asQemuMap(mapWhole(openQcow2(source)))).toEqual(mapWithoutHostHoles(theirs));
    const info = JSON.parse(await qemuImg('info', '--output=json', path));
    expect(info['backing-filename']).toBe(base.path);
    expect(info['backing-filename-format']).toBe('qcow2');
  });
});
