import { expect, it } from 'vitest';
import { openQcow2 } from '../../../../electron/qcow2/read/image.ts';
import { qcow2Info } from '../../../../electron/qcow2/read/qemu-info.ts';
import { buildImage } from '../../../support/qcow2-reading.ts';

it('lists features by name, extensions and where each table lies', () => {
  const built = buildImage({
    size: 2 ** 30,
    clusterBits: 16,
    extendedL2: true,
    refcountBits: 1,
    compatible: 1n,
    incompatible: 3n,
    backingFile: '/b',
    snapshots: [{ id: '1', name: 's', clusters: [] }],
    bitmaps: [{ name: 'b' }],
  });
  const info = qcow2Info(openQcow2(built.source));
  expect(info).toMatchObject({
    version: 3,
    refcountBits: 1,
    lazyRefcounts: true,
    dirty: true,
    corrupt: true,
    extendedL2: true,
    encryption: 'none',
    compressionType: 'zlib',
    snapshots: [{ id: '1', name: 's', diskSize: 2 ** 30 }],
    bitmaps: [{ name: 'b', enabled: true }],
  });
  expect(info.details?.incompatible).toEqual(['dirty bit', 'corrupt bit', 'extended L2 entries']);
  expect(info.details?.compatible).toEqual(['lazy refcounts']);
  expect(info.details?.autoclear).toEqual(['bitmaps']);
  expect(info.details?.extensions.map(({ name }) => name)).toEqual(['feature names', 'bitmaps']);
  expect(info.details?.tables.map(({ name, offset }) => [name, offset])).toEqual([
    ['header', 0],
    ['backing file name', 112 + 392 + 32 + 8],
    ['active L1 table', built.l1Offset],
    ['L1 table of snapshot 1', built.snapshotL1Offsets[0]],
    ['snapshot table', built.snapshotTableOffset],
    ['table of bitmap b', built.bitmapTableOffsets[0]],
    ['bitmap directory', built.bitmapDirectoryOffset],
    ['refcount table', built.refcountTableOffset],
  ]);
});

it('crosses threads and JSON unchanged', () => {
  const info = qcow2Info(openQcow2(buildImage({ size: 2 ** 20 }).source));
  expect(JSON.parse(JSON.stringify(structuredClone(info)))).toEqual(info);
});
