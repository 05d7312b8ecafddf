/** Causes of damage that take a large file to show. */
import { ftruncateSync, writeSync } from 'node:fs';
import { expect, it } from 'vitest';
import { checkImage } from '../../../../electron/qcow2/check/engine.ts';
import { inferL1 } from '../../../../electron/qcow2/infer/infer-image.ts';
import type { Qcow2Image } from '../../../../electron/qcow2/read/image.ts';
import { runToEnd } from '../../../../electron/qcow2/read/sliced-work.ts';
import { formatOffset } from '../../../../shared/text/offset.ts';
import { DAMAGED_IMAGES } from '../../../support/images/damaged/damaged-images.ts';
import type { DamagedImage } from '../../../support/images/damaged/parts.ts';
import { pokeU32, pokeU64 } from '../../../support/images/qcow2-builder.ts';
import { buildImage, mapWhole, readImage } from '../../../support/qcow2-reading.ts';

/** The cause that is named for an image that was cut to that length and whose data lay further on. */
function causeAt(length: number): string | undefined {
  const { path, source, l2Offsets } = buildImage({ size: 2 ** 20, clusters: [{ index: 0, kind: 'data' }] });
  pokeU64(source.fd, l2Offsets.get(0) as number, (1n << 63n) | (1n << 34n));
  ftruncateSync(source.fd, length);
  return likelyCauseOf(path);
}

function likelyCauseOf(path: string): string | undefined {
  const { findings } = runToEnd(checkImage(readImage(path), { layer: 0 }));
  return findings.find(({ code }) => code === 'QCOW2_LIKELY_CAUSE')?.what;
}

it('names a transfer that broke off only where the cluster after the end of the file is counted', () => {
  const endsInside = (isCounted: boolean) => {
    const built = buildImage({ size: 2 ** 20, clusters: [{ index: 0, kind: 'data' }] });
    const next = built.fileSize / 65_536 + 1;
    pokeU64(built.source.fd, built.l2Offsets.get(0) as number, (1n << 63n) | BigInt(next * 65_536));
    const count = Uint8Array.of(0, isCounted ? 1 : 0);
    writeSync(built.source.fd, count, 0, 2, (built.refcountBlockOffsets[0] as number) + next * 2);
    ftruncateSync(built.source.fd, built.fileSize + 512);
    return likelyCauseOf(built.path);
  };
  expect(endsInside(true)).toBe(
    'likely cause: a transfer broke off: the file ends in the midst of a cluster, and the next one is counted as used',
  );
  // A sound file ends so too, with a table that is not padded; an entry that leads past it was not cut off.
  expect(endsInside(false)).toBeUndefined();
});

it('names a copy of 32 bits where a file ends at 2 GiB or one byte before', () => {
  for (const length of [2 ** 31, 2 ** 31 - 1])
    expect(causeAt(length)).toBe(
      `likely cause: the file has ${length} bytes, where tools and file systems of 32 bits end a copy`,
    );
});

it('takes bitmaps in use for those of a killed program only where no program has the image open', () => {
  const { path } = buildImage({
    size: 2 ** 20,
    clusters: [],
    bitmaps: [{ name: 'b', inUse: true, dirty: [] }],
  });
  const findingsOf = (isOpenForWriting: boolean) =>
    runToEnd(checkImage(readImage(path), { layer: 0, isOpenForWriting })).findings.map(
      ({ code, severity }) => `${severity} ${code}`,
    );
  expect(findingsOf(false)).toEqual(['hazard QCOW2_BITMAP_IN_USE', 'note QCOW2_LIKELY_CAUSE']);
  expect(findingsOf(true)).toEqual(['hazard QCOW2_BITMAP_IN_USE']);
});

it('takes stale refcounts of an open image with lazy refcounts for those that its program has not written yet', () => {
  const { path, source, refcountBlockOffsets, l2Offsets } = buildImage({
    size: 2 ** 20,
    clusters: [{ index: 0, kind: 'data' }],
    incompatible: 1n,
    compatible: 1n,
  });
  const data = (l2Offsets.get(0) as number) / 65_536 + 1;
  writeSync(source.fd, Uint8Array.of(0, 0), 0, 2, (refcountBlockOffsets[0] as number) + 2 * data);
  const causeIn = (isOpenForWriting: boolean) =>
    runToEnd(checkImage(readImage(path), { layer: 0, isOpenForWriting })).findings.find(
      ({ code }) => code === 'QCOW2_LIKELY_CAUSE',
    )?.what;
  expect(causeIn(true)).toMatch(/^likely cause: the program that has the image open keeps its refcounts/);
  expect(causeIn(false)).toMatch(/was killed with lazy refcounts/);
});

it('names no cause for a length that nothing leaves', () => {
  expect(causeAt(2 ** 21 + 65_536)).toBeUndefined();
});

it('names what was written over an L1 table, where that is plain', () => {
  const causeOf = (content: Uint8Array) => {
    const { source, path, l1Offset } = buildImage({ size: 2 ** 34, clusters: [{ index: 0, kind: 'data' }] });
    writeSync(source.fd, content, 0, content.length, l1Offset);
    const { findings } = runToEnd(checkImage(readImage(path), { layer: 0 }));
    return findings.find(({ code }) => code === 'QCOW2_LIKELY_CAUSE')?.what;
  };
  const text = Buffer.alloc(65_536, 'Nov 27 01:00:00 host kernel: a line of a log\n');
  const end = 'written over the L1 table: its cluster was given out twice, or two programs wrote to the file';
  expect(causeOf(text)).toBe(`likely cause: data of the guest or of another file was ${end}`);
  const refcounts = new Uint8Array(65_536).map((_, at) => at & 1);
  expect(causeOf(refcounts)).toBe(`likely cause: a refcount block was ${end}`);
  expect(causeOf(Uint8Array.of(0x80, 0, 0, 0, 0, 3, 0x12, 0)) ?? '').not.toContain('over the L1 table');
});

it('names a resize during which another program wrote through the earlier L1 table', () => {
  const clusters = [0, 8192].map(index => ({ index, kind: 'data' as const }));
  const { source, path, l1Offset, l2Offsets } = buildImage({ size: 2 ** 30, clusters });
  const [first, second] = [...l2Offsets.values()];
  pokeU64(source.fd, 40, BigInt(second as number)); // the L1 table's new cluster became an L2 table
  expect(likelyCauseOf(path)).toBe(
    `likely cause: the L1 table was moved by a resize while another program wrote to the image through the earlier one, and took the new place: the table at ${formatOffset(l1Offset)} names 2 tables. With --infer the disk is read through it`,
  );
  const inferred = runToEnd(inferL1(readImage(path), { reading: 1 }));
  expect(inferred?.inferred?.inference.tables).toEqual({ found: 2, placed: 2 });
  expect(mapWhole(inferred as Qcow2Image).map(({ host }) => host)).toContain((first as number) + 65_536);
});

it('names what a snapshot table that qemu refuses was written by, or what was written over it', () => {
  const causeOf = (damage: (fd: number, table: number) => void) => {
    const { source, path, snapshotTableOffset } = buildImage({
      size: 2 ** 20,
      clusters: [{ index: 0, kind: 'data' }],
      snapshots: [{ id: '1', name: 'one' }],
    });
    damage(source.fd, snapshotTableOffset);
    return likelyCauseOf(path);
  };
  expect(causeOf((fd, table) => pokeU32(fd, table + 36, 2000))).toBe(
    "possible cause: a program that is not qemu wrote the snapshot table: the entry's L1 table and id are in order, and it claims 2000 bytes of extra data, of which qemu writes 24",
  );
  const text = Buffer.alloc(65_536, 'Nov 27 01:00:00 host kernel: a line of a log\n');
  expect(causeOf((fd, table) => writeSync(fd, text, 0, text.length, table))).toBe(
    'likely cause: data of the guest or of another file was written over the snapshot table: its cluster was given out twice, or two programs wrote to the file',
  );
});

it('takes the table alone for an L1 table that leads to tables, not an L2 table with a table among its data', () => {
  const lost = DAMAGED_IMAGES.find(({ id }) => id === 'snapshot lost with its L1 table') as DamagedImage;
  const { findings } = runToEnd(checkImage(readImage(lost.make()), { layer: 0 }));
  const orphans = findings.find(({ code }) => code === 'QCOW2_ORPHAN_TABLE')?.evidence ?? [];
  expect(orphans.map(({ source, value }) => `${source}: ${value}`)).toEqual([
    'cluster that looks like an L2 table: 3 entries',
    'cluster that looks like an L1 table: 1 entry',
  ]);
});
