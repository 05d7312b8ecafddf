/** What each cluster of a file holds, against qemu-img check, qemu-img map, and what deleting a snapshot really frees. */
import { copyFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { measureAllocation } from '../../electron/qcow2/layout/allocation.ts';
import { type HostMap, mapHost } from '../../electron/qcow2/layout/host-map.ts';
import { openQcow2, type Qcow2Image } from '../../electron/qcow2/read/image.ts';
import { runToEnd } from '../../electron/qcow2/read/sliced-work.ts';
import { HOST_KINDS, type HostCluster, type HostKind } from '../../shared/model/layout.ts';
import { pokeU64 } from '../support/images/qcow2-builder.ts';
import { randomChain } from '../support/images/random-chain.ts';
import { alone, buildImage, readImage } from '../support/qcow2-reading.ts';
import { qemuImg, run, runWell, temporaryFolder } from '../support/tools.ts';

const folder = temporaryFolder();

const layoutOf = (image: Qcow2Image): HostMap => runToEnd(mapHost(image));

function clusterAt(image: Qcow2Image, offset: number): HostCluster {
  return runToEnd(layoutOf(image).clusterAt(offset));
}

function sumOf({ layout: { sums } }: HostMap, ...kinds: HostKind[]): number {
  return kinds.reduce((sum, kind) => sum + sums[kind], 0);
}

describe('random images', () => {
  const seeds = [21_000, 21_001, 21_002, 21_003, 21_004, 21_005, 21_006, 21_007];

  it.each(seeds)(
    'of seed %i: every byte has a kind, ends and leaks are those of qemu-img check',
    async seed => {
      const features = { snapshots: seed % 2 === 0, bitmaps: true, dataFile: true };
      const chain = await randomChain(seed, folder, features);
      for (const layer of chain.layers.filter(({ format }) => format === 'qcow2')) {
        const image = readImage(layer.path);
        const map = layoutOf(image);
        const { clusterSize } = image.geometry;
        expect(sumOf(map, ...HOST_KINDS)).toBe(statSync(layer.path).size);
        let end = 0;
        for (const { start, length } of map.runs()) {
          expect(start).toBe(end);
          end = start + length;
        }
        expect(end).toBe(map.layout.fileLength);

        const { stdout } = await run('qemu-img', [
          'check',
          '--output=json',
          alone(layer.path, layer.dataFile),
        ]);
        const checked = JSON.parse(stdout);
        expect(map.layout.imageEnd).toBe(checked['image-end-offset']);
        expect(sumOf(map, 'leaked')).toBe((checked.leaks ?? 0) * clusterSize);
        expect(sumOf(map, 'clash')).toBe(0);
        expect(map.layout.unknown).toEqual([]);

        const measured = runToEnd(measureAllocation(image));
        if (!measured.measured) throw new Error(measured.why);
        const { account } = measured.allocation;
        // The account has whole clusters; of the last one the file may hold a part.
        const close = (bytes: number, expected: number) =>
          expect(Math.ceil(bytes / clusterSize) * clusterSize).toBe(expected);
        close(sumOf(map, 'data', 'compressed', 'zero'), account.data);
        close(sumOf(map, 'snapshotData'), account.snapshots);
        close(sumOf(map, 'bitmap'), account.bitmaps);
        close(sumOf(map, 'free'), account.free);
      }
    },
  );

  it.each(seeds.slice(0, 4))(
    'of seed %i: the owner of each place that qemu-img map names is its guest offset',
    async seed => {
      const chain = await randomChain(seed, folder, { snapshots: true, bitmaps: true });
      const top = chain.layers.at(-1);
      if (top?.format !== 'qcow2') return expect(top?.format).toBe('raw');
      const rows = JSON.parse(await runWell('qemu-img', ['map', '--output=json', alone(top.path)]));
      const named = rows.filter(
        ({ offset, depth }: { offset?: number; depth: number }) => offset !== undefined && depth === 0,
      );
      for (const { start, offset } of named.slice(0, 40)) {
        const { users } = clusterAt(readImage(top.path), offset);
        const active = users
          .flatMap(({ places = [] }) => places)
          .filter(({ snapshot }) => snapshot === undefined);
        expect(active.some(place => start >= place.start && start < place.start + place.length)).toBe(true);
      }
    },
  );
});

describe('one snapshot', () => {
  it('holds what its deletion from a copy frees', async () => {
    const path = join(folder, 'held.qcow2');
    await qemuImg('create', '-q', '-f', 'qcow2', path, '8M');
    await runWell('qemu-io', ['-f', 'qcow2', '-c', 'write 0 4M', path]);
    await qemuImg('snapshot', '-c', 'before', path);
    await runWell('qemu-io', ['-f', 'qcow2', '-c', 'write 1M 2M', path]);
    const before = layoutOf(readImage(path));
    expect(sumOf(before, 'snapshotData')).toBe(2 * 2 ** 20);

    const held = clusterAt(readImage(path), 0x60000);
    expect(held.users.flatMap(({ places = [] }) => places).map(({ snapshot }) => snapshot)).toContain(
      'before',
    );

    const copy = join(folder, 'deleted.qcow2');
    copyFileSync(path, copy);
    await qemuImg('snapshot', '-d', 'before', copy);
    const after = layoutOf(readImage(copy));
    expect(sumOf(after, 'data')).toBe(sumOf(before, 'data'));
    expect(sumOf(after, 'snapshotData', 'snapshotTable', 'leaked')).toBe(0);
    expect(sumOf(after, 'free', 'tail') - sumOf(before, 'free', 'tail')).toBe(
      sumOf(before, 'snapshotData', 'snapshotTable'),
    );
  });
});

describe('damage', () => {
  const spec = {
    size: 2 ** 20,
    clusterBits: 12,
    clusters: (index: number) => (index % 2 === 0 ? ('data' as const) : ('unallocated' as const)),
  };

  it('shows as two things at once, as leaked, and as who refers to it', () => {
    const { source, l2Offsets } = buildImage(spec);
    const table = l2Offsets.get(0) as number;
    const before = openQcow2(source);
    const lost = [...layoutOf(before).runs()].find(({ kind }) => kind === 'data')?.start as number;
    pokeU64(source.fd, table, (1n << 63n) | BigInt(table)); // guest 0 is mapped onto its own L2 table
    const image = openQcow2(source);
    const map = layoutOf(image);
    expect(map.layout.sums).toMatchObject({ clash: 4096, leaked: 4096 });
    expect(clusterAt(image, lost)).toMatchObject({ kind: 'leaked', refcount: 1, references: 0, users: [] });
    const clash = clusterAt(image, table + 100);
    expect(clash).toMatchObject({ start: table, kind: 'clash', refcount: 1, references: 2 });
    expect(clash.users.map(({ table: of, entry, places }) => [of, entry, places])).toEqual([
      [table, undefined, [{ l1Index: 0, start: 0, length: 2 ** 20 * 2 }]],
      [table, 0, [{ l1Index: 0, start: 0, length: 4096 }]],
    ]);
  });
});
