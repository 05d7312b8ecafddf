/** Images whose first cluster was overwritten, made by the real qemu-img, and raw disks that are none. */
import { closeSync, copyFileSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findOverwriting } from '../../electron/qcow2/infer/overwritten-header.ts';
import { findLostHeader } from '../../electron/qcow2/layout/lost-header.ts';
import { codesOf, cowscope, cowscopeJson } from '../support/cli.ts';
import { openSource } from '../support/qcow2-reading.ts';
import { qemuImg, qemuIo, temporaryFolder } from '../support/tools.ts';

const folder = temporaryFolder();

/** An image of these options with some data, and what its header says. */
async function image(name: string, options: string, size = '64M') {
  const path = join(folder, name);
  await qemuImg('create', '-q', '-f', 'qcow2', '-o', options, path, size);
  await qemuIo(path, 'write 0 64k', 'write 20M 128k');
  const header = readFileSync(path).subarray(0, 112);
  return {
    path,
    clusterSize: 2 ** header.readUInt32BE(20),
    refcountTable: Number(header.readBigUInt64BE(48)),
    l1Table: Number(header.readBigUInt64BE(40)),
    refcountBits: 2 ** header.readUInt32BE(96),
  };
}

/** Overwrites the first 512 bytes, as a partition table does. */
function loseHeader(path: string): void {
  const sector = Buffer.alloc(512, 0x90);
  sector.writeUInt16BE(0x55aa, 510);
  writeSync(openSync(path, 'r+'), sector, 0, 512, 0);
}

describe('an image without its header', () => {
  it.each([
    ['512', 16],
    ['4k', 16],
    ['64k', 8],
    ['64k', 16],
    ['64k', 32],
    ['64k', 64],
    ['2M', 16],
  ])('of clusters of %s and refcounts of %i bits is recognized by its tables', async (cluster, bits) => {
    const made = await image(`lost-${cluster}-${bits}`, `cluster_size=${cluster},refcount_bits=${bits}`);
    loseHeader(made.path);
    const found = findLostHeader(openSource(made.path));
    const { clusterSize, refcountBits, refcountTable } = made;
    expect(found).toMatchObject({ clusterSize, refcountBits, refcountTable });
    expect(found?.l1Table?.offset).toBe(made.l1Table);
  });

  it('is a hazard with what is left of it, unless it is said to be raw', async () => {
    const { path } = await image('as-raw.img', 'cluster_size=64k');
    loseHeader(path);
    const layers = await cowscopeJson(['layers', '--output', 'json', path], 3);
    const [finding] = layers.findings.filter(({ code }: { code: string }) => code === 'CHAIN_HEADER_LOST');
    expect(finding.severity).toBe('hazard');
    expect(finding.evidence.map(({ fileOffset }: { fileOffset: number }) => fileOffset)).toEqual([
      510, 65_536, 196_608,
    ]);
    expect(finding.evidence[0].bits).toContain('a partition tool or a boot loader');
    expect(codesOf(await cowscope(['map', path]))).toEqual(['CHAIN_HEADER_LOST']);
    expect(await cowscopeJson(['check', '--output', 'json', path], 1)).toMatchObject({
      verdict: 'incomplete',
    });
    expect(await cowscope(['layers', '--format', 'raw', path])).toMatchObject({ code: 0, stderr: '' });
  });

  it('keeps its tables where a log was written over its first cluster', async () => {
    const { path } = await image('log.img', 'cluster_size=64k');
    writeSync(openSync(path, 'r+'), Buffer.alloc(65_536, '[    0.000000] Linux version 6.6\n'), 0, 65_536, 0);
    expect(findLostHeader(openSource(path))).toMatchObject({ refcountTable: 65_536, clusterSize: 65_536 });
  });
});

describe('what lies over a header', () => {
  const first = (write: (bytes: Buffer) => void): Buffer => {
    const bytes = Buffer.alloc(4096);
    write(bytes);
    return bytes;
  };
  const bootMark = (bytes: Buffer) => bytes.writeUInt16BE(0x55aa, 510);

  it.each<[string, Buffer]>([
    ['zeros', Buffer.alloc(65_536)],
    ['a boot record', first(bootMark)],
    ['a GPT', first(bytes => bootMark(bytes) && bytes.write('EFI PART', 512))],
    ['an ext2, ext3 or ext4 file system', first(bytes => bytes.writeUInt16BE(0x53ef, 1080))],
    ['an XFS file system', first(bytes => bytes.write('XFSB'))],
    ['a physical volume of LVM', first(bytes => bytes.write('LABELONE', 512))],
    ['refcounts', Buffer.from(Uint8Array.from({ length: 4096 }, (_, at) => at & 1))],
    ['text', Buffer.alloc(4096, '[    0.000000] Linux version 6.6\n')],
    ['what looks like an L2 table', first(bytes => bytes.writeBigUInt64BE((1n << 63n) | 0x5_0000n, 24))],
    ['what looks like an L1 table', first(bytes => bytes.writeBigUInt64BE((1n << 63n) | 0x4_0000n, 0))],
    ['something else', Buffer.from(Uint8Array.from({ length: 4096 }, (_, at) => at * 167))],
  ])('is named: %s', async (content, bytes) => {
    const { path } = await image(`over ${content}`, 'cluster_size=64k');
    const file = openSync(path, 'r+');
    writeSync(file, Buffer.alloc(4096, 0x90), 0, 4096, 0);
    writeSync(file, bytes, 0, bytes.length, 0);
    closeSync(file);
    const source = openSource(path);
    expect(findLostHeader(source)).toMatchObject({ refcountTable: 65_536 });
    const found = findOverwriting(source, 65_536);
    expect(found?.content ?? 'something else').toBe(content);
  });
});

describe('a raw disk', () => {
  const isNone = (name: string, bytes: Buffer) => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    expect(findLostHeader(openSource(path)), name).toBeUndefined();
  };

  it('of zeros, of counting numbers, of text and of noise is none', () => {
    isNone('zeros', Buffer.alloc(2 ** 20));
    isNone('ones', Buffer.alloc(2 ** 20, 1));
    isNone('text', Buffer.alloc(2 ** 20, 'The quick brown fox\n'));
    const counting = Buffer.alloc(2 ** 20);
    for (let at = 0; at < counting.length; at += 8) counting.writeBigUInt64BE(BigInt(at), at);
    isNone('counting', counting);
    let state = 1;
    const noise = Buffer.alloc(2 ** 20);
    for (let at = 0; at < noise.length; at++) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      noise[at] = state >>> 16;
    }
    isNone('noise', noise);
    isNone('short', Buffer.alloc(700, 1));
  });

  it('that holds an image as a file of its guest is none', async () => {
    const { path } = await image('inner.qcow2', 'cluster_size=64k');
    const disk = Buffer.concat([Buffer.alloc(2 ** 20), readFileSync(path)]);
    isNone('outer.img', disk);
    const copy = join(folder, 'whole.qcow2');
    copyFileSync(path, copy);
    expect(await cowscope(['layers', copy])).toMatchObject({ code: 0 });
  });
});
