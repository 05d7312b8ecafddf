/** The check as a whole: passes over large files, large numbers, and what keeps it from being complete. */
import { readSync, writeSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type CheckOptions, checkImage, type ImageCheck } from '../../../../electron/qcow2/check/engine.ts';
import { openQcow2 } from '../../../../electron/qcow2/read/image.ts';
import { runToEnd } from '../../../../electron/qcow2/read/sliced-work.ts';
import type { ImageSource } from '../../../../electron/qcow2/read/source.ts';
import { pokeU32, pokeU64 } from '../../../support/images/qcow2-builder.ts';
import { alone, buildImage, openSource } from '../../../support/qcow2-reading.ts';
import { qemuImg, qemuIo, run, temporaryFolder } from '../../../support/tools.ts';

const K64 = 65_536;

function check(source: ImageSource, options: Partial<CheckOptions> = {}): ImageCheck {
  return runToEnd(checkImage(openQcow2(source), { layer: 0, ...options }));
}

async function numbersOfQemu(path: string) {
  const { corruptions = 0, leaks = 0 } = JSON.parse(
    (await run('qemu-img', ['check', '--output=json', alone(path)])).stdout,
  );
  return { corruptions, leaks };
}

describe('checkImage', () => {
  it('makes a note of an empty L2 table where no cluster was lost with it, and a hazard where that is not known', () => {
    const make = () => buildImage({ size: 2 ** 30, clusters: [{ index: 0, kind: 'zeroHole' }] });
    const severityOf = ({ source, l2Offsets }: ReturnType<typeof make>, byte = 0) => {
      pokeU64(source.fd, l2Offsets.get(0) as number, 0n);
      if (byte !== 0) writeSync(source.fd, Uint8Array.of(byte), 0, 1, 79); // incompatible features
      const { findings } = check(source);
      return findings.map(({ code, severity, bytesAtRisk }) => [code, severity, bytesAtRisk > 0]);
    };
    expect(severityOf(make())).toEqual([['QCOW2_L2_EMPTY', 'note', false]]);
    expect(severityOf(make(), 1)).toEqual([['QCOW2_L2_EMPTY', 'hazard', true]]);
  });

  it('makes a note of the empty L2 tables that discards by qemu leave', async () => {
    const path = `${temporaryFolder()}/discarded.qcow2`;
    const data = `${path}.data`;
    await qemuImg('create', '-q', '-f', 'qcow2', '-o', `cluster_size=1k,data_file=${data}`, path, '2M');
    await qemuIo(path, 'discard 468992 1024');
    const { findings } = check(openSource(path));
    expect(findings.map(({ code, severity }) => [code, severity])).toEqual([['QCOW2_L2_EMPTY', 'note']]);
  });

  it('ends where a bitmap names a table beyond every file, while clusters are under suspicion', () => {
    const { source, refcountBlockOffsets, bitmapDirectoryOffset } = buildImage({
      size: 2 ** 20,
      clusterBits: 9,
      clusters: [{ index: 0, kind: 'data' }],
      bitmaps: [{ name: 'b', dirty: [[0, 512]] }],
    });
    writeSync(source.fd, new Uint8Array(2), 0, 2, refcountBlockOffsets[0]); // the header's cluster is counted as free
    pokeU64(source.fd, bitmapDirectoryOffset, 2n ** 62n + 512n); // a cluster's number that a loop cannot count up from
    const codes = check(source).findings.map(({ code }) => code);
    expect(codes).toEqual(expect.arrayContaining(['QCOW2_REFCOUNT_ZERO', 'QCOW2_METADATA_PAST_END']));
  });

  it('finds no table past the end of the file where the header names a snapshot table above 2^53', () => {
    const { source, refcountBlockOffsets } = buildImage({ size: 2 ** 20, clusterBits: 9 });
    writeSync(source.fd, new Uint8Array(2), 0, 2, refcountBlockOffsets[0]);
    pokeU32(source.fd, 60, 2); // snapshots
    pokeU64(source.fd, 64, 2n ** 62n + 512n);
    expect(check(source).findings.map(({ code }) => code)).toEqual(['QCOW2_REFCOUNT_ZERO']);
  });

  it('names every digit of a refcount block that would lie past 2^53', () => {
    const { source, refcountTableOffset } = buildImage({ size: 2 ** 20 });
    pokeU64(source.fd, refcountTableOffset + 8, 2n ** 64n - 65_536n - 512n);
    pokeU64(source.fd, refcountTableOffset + 16, 2n ** 64n - 65_536n);
    const { findings } = check(source);
    const found = findings.find(({ code }) => code === 'QCOW2_REFCOUNT_BLOCK');
    expect(found?.evidence.map(({ value, bits }) => [value, bits])).toEqual([
      ['0xfffffffffffefe00', 'block at 0xffff_ffff_fffe_fe00: points past the end of the file'],
      ['0xffffffffffff0000', 'block at 0xffff_ffff_ffff_0000: points past the end of the file'],
    ]);
  });

  it('comes to the same in one pass and in many', () => {
    const { source, l1Offset, l2Offsets } = buildImage({
      size: 2 ** 27,
      clusterBits: 9,
      clusters: index => (index % 7 < 3 && index < 200_000 ? 'data' : 'unallocated'),
      snapshots: [{ id: '1', name: 'one', clusters: index => (index < 70_000 ? 'data' : 'unallocated') }],
    });
    pokeU64(source.fd, l1Offset + 8 * 20, 0n); // leaks
    pokeU64(source.fd, (l2Offsets.get(3) as number) + 8, 0n);
    pokeU64(source.fd, (l2Offsets.get(900) as number) + 8, BigInt(l2Offsets.get(3) as number)); // a table
    const whole = check(source);
    expect(whole.counts?.leaks).toBeGreaterThan(0);
    expect(whole.findings.map(({ code }) => code)).toContain('QCOW2_DATA_ON_METADATA');
    for (const maxChunks of [1, 2]) expect(check(source, { maxChunks })).toEqual(whole);
  });

  it('counts references and refcounts that are large', async () => {
    const snapshots = Array.from({ length: 40 }, (_, i) => ({ id: `${i}`, name: `s${i}` }));
    const image = buildImage({
      size: 2 ** 20,
      clusters: [
        { index: 0, kind: 'data' },
        { index: 1, kind: 'data' },
      ],
      snapshots,
      refcountBits: 32,
    });
    const { source, refcountBlockOffsets, path, l2Offsets } = image;
    expect([check(source).counts, check(source).findings]).toMatchObject([{ corruptions: 0, leaks: 0 }, []]);
    const l2 = l2Offsets.get(0) as number;
    const block = refcountBlockOffsets[0] as number;
    pokeU32(source.fd, block + ((l2 + K64) / K64) * 4, 0xffff_ffff); // counted too high
    pokeU32(source.fd, block + ((l2 + 2 * K64) / K64) * 4, 20); // and too low
    const { counts, findings } = check(source);
    expect(counts).toMatchObject(await numbersOfQemu(path));
    expect(findings.map(({ code, evidence }) => [code, evidence[0]?.value])).toEqual([
      ['QCOW2_REFCOUNT_HIGH', '4294967295'],
      ['QCOW2_REFCOUNT_LOW', '20'],
    ]);
  });

  it('stops where tables take much more room than the file has, with a step that says why', () => {
    const { source, l1Offset } = buildImage({ size: 2 ** 40, clusters: [{ index: 0, kind: 'data' }] });
    for (let i = 1; i < 500; i++) pokeU64(source.fd, l1Offset + i * 8, BigInt(i * K64));
    const { steps, counts } = check({ ...source, bytesOnDisk: () => 0 } as ImageSource, { slack: 2 ** 18 });
    expect(counts).toBeUndefined();
    expect(steps.filter(({ missing }) => missing)).toHaveLength(1);
  });

  it('counts all copied flags that are wrong, and tells the ranges of the first 65,536', () => {
    const clusters = 70_000;
    const { source, l2Offsets } = buildImage({
      size: clusters * 512,
      clusterBits: 9,
      clusters: () => 'data',
      snapshots: [{ id: '1', name: 'one' }],
    });
    const table = new Uint8Array(512);
    for (const offset of l2Offsets.values()) {
      source.readAt(table, offset);
      for (let at = 0; at < 512; at += 8) if (table.subarray(at, at + 8).some(Boolean)) table[at] = 0x80;
      writeSync(source.fd, table, 0, 512, offset);
    }
    const { findings, counts } = check(source);
    expect(findings).toMatchObject([
      { code: 'QCOW2_COPIED_SET', count: clusters, bytesAtRisk: clusters * 512, guest: [[0, 2 ** 16 * 512]] },
    ]);
    expect(counts).toMatchObject({ corruptions: clusters, leaks: 0 });
  });

  it('names one cause for one L1 entry that is damaged, whatever lies there', () => {
    const { source, l1Offset, l2Offsets } = buildImage({
      size: 2 ** 26,
      clusters: index => (index < 1000 ? 'data' : 'unallocated'),
    });
    pokeU64(source.fd, l1Offset, BigInt((l2Offsets.get(0) as number) + K64 + 0x2a00));
    const { findings } = check(source);
    expect(findings.filter(({ causedBy }) => causedBy === undefined)).toMatchObject([
      { code: 'QCOW2_L1_UNALIGNED', count: 1 },
    ]);
    expect(findings.find(({ code }) => code === 'QCOW2_LEAKED')).toMatchObject({
      causedBy: 'QCOW2_L1_UNALIGNED',
    });
  });

  it('names one cause for an L2 table of garbage', () => {
    const { source, l2Offsets } = buildImage({
      size: 2 ** 29,
      clusters: index => (index < 1000 ? 'data' : 'unallocated'),
    });
    const l2 = l2Offsets.get(0) as number;
    for (let i = 0; i < 8192; i++)
      pokeU64(source.fd, l2 + i * 8, BigInt(Math.imul(i + 1, 0x9e3779b1) >>> 0) * 0x1_0001_0001n);
    const { findings } = check(source);
    expect(findings.filter(({ causedBy }) => causedBy === undefined)).toMatchObject([
      { code: 'QCOW2_L2_INVALID', guest: [[0, 2 ** 29]] },
    ]);
  });

  it('puts all guest clusters at risk that are mapped onto one cluster of the file, however many are named', () => {
    const { source, l2Offsets } = buildImage({
      size: 2 ** 24,
      clusters: index => (index < 100 && index % 2 === 0 ? 'data' : 'unallocated'),
    });
    const table = l2Offsets.get(0) as number;
    const shared = Buffer.alloc(8);
    readSync(source.fd, shared, 0, 8, table);
    for (let entry = 2; entry < 100; entry += 2)
      pokeU64(source.fd, table + 8 * entry, shared.readBigUInt64BE());
    const { findings } = check(source);
    const [link, low] = ['QCOW2_CROSS_LINK', 'QCOW2_REFCOUNT_LOW'].map(code =>
      findings.find(found => found.code === code),
    );
    expect(link).toMatchObject({ count: 1, bytesAtRisk: 50 * K64 });
    expect(low).toMatchObject({ count: 1, causedBy: 'QCOW2_CROSS_LINK' });
    const firstRanges = Array.from({ length: 16 }, (_, i) => [2 * i * K64, K64]);
    for (const found of [link, low]) expect(found?.guest).toEqual(firstRanges);
    expect(link?.evidence[0]?.bits).toMatch(
      /\(entry 6 of the L2 table at 0x[\da-f_]+\); 46 more; refcount 1$/,
    );
  });
});
