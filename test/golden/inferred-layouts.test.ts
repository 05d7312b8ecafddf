/**
 * Images of 27 layouts that lost their header, their L1 table or their refcount table, against `qemu-img map` of the
 * image before: what is inferred is whole, in part or nothing, and never another range than the image had.
 */
import { copyFileSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkImage } from '../../electron/qcow2/check/engine.ts';
import { inferHeader, inferL1 } from '../../electron/qcow2/infer/infer-image.ts';
import { openQcow2, type Qcow2Image } from '../../electron/qcow2/read/image.ts';
import { runToEnd } from '../../electron/qcow2/read/sliced-work.ts';
import { stateOf } from '../../shared/extent/flags.ts';
import type { Inference } from '../../shared/model/inference.ts';
import type { QemuMapRow } from '../support/golden-table.ts';
import { mapWithoutHostHoles } from '../support/images/host-holes.ts';
import { alone, asQemuMap, mapWhole, openSource } from '../support/qcow2-reading.ts';
import { qemuImg, qemuIo, temporaryFolder } from '../support/tools.ts';

const folder = temporaryFolder();

/** One layout: how it is created, and what happens to it. */
interface Layout {
  readonly name: string;
  readonly options: string;
  readonly size: string;
  readonly make: (path: string) => Promise<unknown>;
}

const M = 2 ** 20;

/** Writes at the beginning of every table that `at` numbers, in that order; `span` is what one covers. */
function tables(span: number, at: readonly number[], bytes = 2 * 65_536) {
  return (path: string) =>
    qemuIo(path, ...at.map((table, i) => `write -P ${1 + (i % 250)} ${table * span} ${bytes}`));
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);
/** 0 to count - 1 in another order. */
const mixed = (count: number) => upTo(count).map(i => (i * 7 + 3) % count);

const snapshot = (path: string, name: string) => qemuImg('snapshot', '-c', name, path);

/** Writes to an image and converts it, compressed. */
async function compressed(path: string, options: string, size: string, ...writes: string[]): Promise<void> {
  const source = `${path}.source`;
  await qemuImg('create', '-q', '-f', 'qcow2', source, size);
  await qemuIo(source, ...writes);
  await qemuImg('convert', '-q', '-c', '-O', 'qcow2', '-o', options, source, path);
}

/** The first and the last MiB of a disk of `size` bytes with a GPT. */
function gptEnds(size: number): [Buffer, Buffer] {
  const [start, end] = [Buffer.alloc(M, 'boot code '), Buffer.alloc(M, 'data ')];
  start.fill(0, 440, 510);
  start.set([0, 0, 2, 0, 0xee, 0xff, 0xff, 0xff, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff], 446);
  start.writeUInt16BE(0x55aa, 510);
  start.write('EFI PART', 512);
  start.writeBigUInt64LE(1n, 512 + 24);
  end.write('EFI PART', M - 512);
  end.writeBigUInt64LE(BigInt(size / 512 - 1), M - 512 + 24);
  return [start, end];
}

const LAYOUTS: readonly Layout[] = [
  { name: '512 bytes, 1 table', options: 'cluster_size=512', size: '32k', make: tables(32_768, [0], 8192) },
  {
    name: '512 bytes, 40 tables',
    options: 'cluster_size=512',
    size: '2M',
    make: tables(32_768, mixed(40), 1024),
  },
  { name: '4 KiB, 1 table', options: 'cluster_size=4k', size: '2M', make: tables(2 * M, [0]) },
  {
    name: '4 KiB, 2 tables, the last range short',
    options: 'cluster_size=4k',
    size: '2100k',
    make: (path: string) => qemuIo(path, 'write -P 3 2M 12k', 'write -P 2 1M 1M'),
  },
  {
    name: '4 KiB preallocated, 4 tables',
    options: 'cluster_size=4k,preallocation=metadata',
    size: '8M',
    make: tables(2 * M, mixed(3)),
  },
  {
    name: '4 KiB, 40 tables',
    options: 'cluster_size=4k,refcount_bits=8',
    size: '80M',
    make: tables(2 * M, mixed(40)),
  },
  { name: '16 KiB, 2 tables', options: 'cluster_size=16k', size: '64M', make: tables(32 * M, [1, 0]) },
  {
    name: '16 KiB extended, 1 table',
    options: 'cluster_size=16k,extended_l2=on',
    size: '16M',
    make: tables(16 * M, [0], 40_960),
  },
  {
    name: '16 KiB extended, 3 tables',
    options: 'cluster_size=16k,extended_l2=on',
    size: '64M',
    make: tables(16 * M, [2, 0, 1], 40_960),
  },
  { name: '64 KiB, 1 table of 1', options: '', size: '256M', make: tables(512 * M, [0]) },
  { name: '64 KiB, 1 table of 8', options: '', size: '4G', make: tables(512 * M, [2]) },
  {
    name: '64 KiB, 3 tables, the last one first',
    options: 'refcount_bits=64',
    size: '2G',
    make: tables(512 * M, [2, 0, 1]),
  },
  { name: '64 KiB, 40 tables', options: '', size: '20G', make: tables(512 * M, mixed(40)) },
  {
    name: '64 KiB extended, 1 table',
    options: 'extended_l2=on',
    size: '128M',
    make: tables(256 * M, [0], 100 * 1024),
  },
  {
    name: '64 KiB extended, 5 tables',
    options: 'extended_l2=on',
    size: '2G',
    make: tables(256 * M, mixed(5), 100 * 1024),
  },
  { name: '2 MiB, 1 table', options: 'cluster_size=2M', size: '64G', make: tables(2 ** 39, [0], 4 * M) },
  {
    name: '2 MiB, 3 tables',
    options: 'cluster_size=2M',
    size: '2T',
    make: tables(2 ** 39, [1, 0, 3], 4 * M),
  },
  {
    name: '64 KiB with zeros, 1 table',
    options: '',
    size: '64M',
    make: (path: string) => qemuIo(path, 'write -P 1 0 1M', 'write -z 512k 128k', 'write -z 8M 1M'),
  },
  {
    name: 'compressed',
    options: '',
    size: '64M',
    make: (path: string) =>
      compressed(path, 'compression_type=zlib', '64M', 'write -P 1 0 1M', 'write -P 2 9M 1M'),
  },
  {
    name: 'compressed with zstd, 4 KiB',
    options: '',
    size: '8M',
    make: (path: string) =>
      compressed(path, 'compression_type=zstd,cluster_size=4k', '8M', 'write -P 1 0 1M', 'write -P 2 5M 1M'),
  },
  { name: 'version 2', options: 'compat=0.10', size: '1G', make: tables(512 * M, [1, 0]) },
  {
    name: 'a snapshot, 3 tables',
    options: '',
    size: '2G',
    make: async (path: string) => {
      await tables(512 * M, [1, 0, 2])(path);
      await snapshot(path, 'one');
      await qemuIo(path, `write -P 77 ${512 * M} 64k`);
    },
  },
  {
    name: 'two snapshots and a table after them',
    options: 'cluster_size=4k',
    size: '16M',
    make: async (path: string) => {
      await tables(2 * M, [3, 0])(path);
      await snapshot(path, 'one');
      await qemuIo(path, 'write -P 78 0 8k');
      await snapshot(path, 'two');
      await tables(2 * M, [5, 3], 8192)(path);
    },
  },
  {
    name: 'partitions, 3 tables, the last one first',
    options: '',
    size: '1536M',
    make: async (path: string) => {
      const [start, end] = gptEnds(1536 * M);
      writeFileSync(`${path}.start`, start);
      writeFileSync(`${path}.end`, end);
      const ends = [`write -s ${path}.end ${1535 * M} 1M`, `write -s ${path}.start 0 1M`];
      await qemuIo(path, ends[0] as string, `write -P 7 ${600 * M} 1M`, ends[1] as string);
    },
  },
  {
    name: 'a data file, 2 tables',
    options: `data_file=${join(folder, 'data')}`,
    size: '2G',
    make: tables(512 * M, [3, 1]),
  },
  {
    name: 'a raw data file, 16 KiB extended',
    options: `data_file=${join(folder, 'data.raw')},data_file_raw=on,cluster_size=16k,extended_l2=on`,
    size: '40M',
    make: tables(16 * M, [1]),
  },
  {
    name: 'resized, 3 tables',
    options: '',
    size: '2G',
    make: async (path: string) => {
      await tables(512 * M, [1, 0, 2])(path);
      await qemuImg('resize', '-q', path, '4G');
    },
  },
];

/** How much of the map is there. */
interface Outcome {
  readonly found: 'whole' | 'in part' | 'not at all';
  readonly confidence: string;
  /** Of a lost L1 table: L2 tables that were found, and those with a place. */
  readonly tables: Inference['tables'];
  /** Ranges that the image did not have, as text. */
  readonly wrong: readonly string[];
}

/** What a row says, beside its place. */
function meaning(
  { present, zero, data, compressed: packed, offset }: QemuMapRow,
  start: number,
  at: number,
): string {
  const host = offset === undefined ? '' : offset + at - start;
  return JSON.stringify([present, zero, data, packed ?? false, host]);
}

/** Compares an inferred map with the rows of the image before. */
function compare(image: Qcow2Image | undefined, truth: readonly QemuMapRow[]): Outcome {
  if (image === undefined) return { found: 'not at all', confidence: '', tables: undefined, wrong: [] };
  const wrong: string[] = [];
  let unknown = 0;
  let right = 0;
  for (const extent of mapWhole(image)) {
    const isUnknown = stateOf(extent.word) === 'unreadable';
    const [row] = isUnknown ? [] : asQemuMap([extent]);
    for (const other of truth) {
      const start = Math.max(extent.start, other.start);
      const end = Math.min(extent.start + extent.length, other.start + other.length);
      if (start >= end) continue;
      if (row === undefined) unknown += end - start;
      else if (meaning(row, extent.start, start) !== meaning(other, other.start, start))
        wrong.push(`${start}+${end - start}: ${JSON.stringify(row)} instead of ${JSON.stringify(other)}`);
      else if (other.present) right += end - start;
    }
  }
  const last = truth.filter(({ present }) => present).at(-1);
  if (last !== undefined && last.start + last.length > image.header.size)
    wrong.push(`the disk ends at ${image.header.size}, and data reaches to ${last.start + last.length}`);
  const found = unknown === 0 ? 'whole' : right > 0 ? 'in part' : 'not at all';
  const inference = image.inferred?.inference;
  return { found, confidence: inference?.confidence ?? 'as stored', tables: inference?.tables, wrong };
}

interface Fields {
  readonly l1: number;
  readonly l1Bytes: number;
  readonly refcountTable: number;
  readonly refcountBytes: number;
}

function fieldsOf(path: string): Fields {
  const header = readFileSync(path).subarray(0, 104);
  return {
    l1: Number(header.readBigUInt64BE(40)),
    l1Bytes: header.readUInt32BE(36) * 8,
    refcountTable: Number(header.readBigUInt64BE(48)),
    refcountBytes: header.readUInt32BE(56) * 2 ** header.readUInt32BE(20),
  };
}

/** A copy with zeros in place of some bytes. */
function without(path: string, what: string, offset: number, bytes: number): string {
  const copy = `${path}.${what}`;
  copyFileSync(path, copy);
  writeSync(openSync(copy, 'r+'), Buffer.alloc(bytes), 0, bytes, offset);
  return copy;
}

function textOf({ found, confidence, tables }: Outcome): string {
  const places = tables === undefined ? '' : `, ${tables.placed} of ${tables.found} tables`;
  return found === 'not at all' ? `${found}${places}` : `${found}, ${confidence}${places}`;
}

const printed: string[][] = [['layout', 'header lost', 'L1 table lost', 'refcount table lost']];

afterAll(() => {
  const width = (column: number) => Math.max(...printed.map(row => (row[column] as string).length));
  for (const row of printed) console.info(row.map((cell, i) => cell.padEnd(width(i))).join('  '));
});

describe('what is inferred of an image', () => {
  it.each(LAYOUTS.map(layout => [layout.name, layout] as const))('of %s', async (name, layout) => {
    const path = join(folder, `${printed.length}.qcow2`);
    const options = layout.options === '' ? [] : ['-o', layout.options];
    if (!name.startsWith('compressed'))
      await qemuImg('create', '-q', '-f', 'qcow2', ...options, path, layout.size);
    await layout.make(path);
    const truth = mapWithoutHostHoles(JSON.parse(await qemuImg('map', '--output=json', alone(path))));
    const { l1, l1Bytes, refcountTable, refcountBytes } = fieldsOf(path);

    const headless = openSource(without(path, 'header', 0, 512));
    const outcomes = [compare(runToEnd(inferHeader(headless, { reading: 1 })), truth)];
    const stored = openQcow2(openSource(without(path, 'l1', l1, l1Bytes)));
    outcomes.push(compare(runToEnd(inferL1(stored, { reading: 1 })), truth));
    const uncounted = openQcow2(openSource(without(path, 'refcounts', refcountTable, refcountBytes)));
    outcomes.push(compare(uncounted, truth));
    printed.push([name, ...outcomes.map(textOf)]);

    expect(outcomes.flatMap(({ wrong }) => wrong)).toEqual([]);
    expect(outcomes[2]?.found).toBe('whole');
    const { steps, findings } = runToEnd(checkImage(uncounted, { layer: 0 }));
    expect(findings.map(({ code }) => code)).toContain('QCOW2_REFCOUNTS_GONE');
    expect(steps.find(step => step.name === 'refcounts and references')).toMatchObject({ missing: true });
  });
});
