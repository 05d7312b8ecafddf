/**
 * Images with file systems that lost their L1 table: the file systems tell where tables belong, and nothing in them gives a
 * table another place than it had.
 */
import {
  closeSync,
  copyFileSync,
  ftruncateSync,
  openSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GuestBytes } from '../support/guest/guest-tables.ts';
import {
  type BlockRuns,
  btrfsPieces,
  lvmPieces,
  ntfsBitmap,
  ntfsPieces,
  type Piece,
  xfsDirectoryBlock,
  xfsFreeSpace,
  xfsPieces,
} from '../support/guest/numbered-file-systems.ts';
import { type InferredPlaces, inferAfterLoss, overwriteTable } from '../support/images/lost-l1.ts';
import { qemuImg, runWell, temporaryFolder } from '../support/tools.ts';

const folder = temporaryFolder();
const SYSTEM = { env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` } };
const KIB = 2 ** 10;
const MIB = 2 ** 20;
/** Size of the disks, of the partition at 1 MiB, and of a file system that fills it. */
const DISK = 128 * MIB;
const PART = 120 * MIB;
const OUTER_UUID = '11111111-2222-4333-8444-555555555555';
const INNER_UUID = '66666666-7777-4888-8999-aaaaaaaaaaaa';
/** Groups with copies of the super block, in blocks of 1 KiB: 8 MiB each. */
const COPIES = [1, 3, 5, 7, 9];

let made = 0;

/** A file of bytes that are all different from zero and repeat nowhere in it. */
function content(seed: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  let value = seed;
  for (let at = 0; at < bytes; at += 4) {
    value = (Math.imul(value, 1_664_525) + 1_013_904_223) >>> 0;
    buffer.writeUInt32LE((value | 0x0101_0101) >>> 0, at);
  }
  return buffer;
}

/** A file system of ext4 of `size` bytes in blocks of 1 KiB, with these files in it. */
async function ext4(size: number, files: ReadonlyMap<string, Buffer>, uuid: string): Promise<Buffer> {
  const name = `ext-${made++}`;
  const tree = join(folder, `${name}.tree`);
  await mkdir(tree);
  for (const [file, bytes] of files) writeFileSync(join(tree, file), bytes);
  const path = join(folder, name);
  const options = [
    '-q',
    '-F',
    '-t',
    'ext4',
    '-b',
    '1024',
    '-U',
    uuid,
    '-E',
    'lazy_itable_init=1',
    '-d',
    tree,
  ];
  await runWell('mke2fs', [...options, path, `${size / KIB}k`], SYSTEM);
  return readFileSync(path);
}

/** A raw disk with these bytes in it, as an image with these options. */
async function imageOf(pieces: readonly Piece[], options: readonly string[], size = DISK): Promise<string> {
  const raw = join(folder, `disk-${made++}`);
  const file = openSync(raw, 'w');
  ftruncateSync(file, size);
  for (const [offset, bytes] of pieces) writeSync(file, bytes, 0, bytes.length, offset);
  closeSync(file);
  await qemuImg('convert', '-q', '-f', 'raw', '-O', 'qcow2', ...options, raw, `${raw}.qcow2`);
  return `${raw}.qcow2`;
}

function bootRecord(...partitions: readonly { start: number; size: number }[]): Piece {
  const entries = partitions.map(({ start, size }) => ({
    type: 0x83,
    start: start / 512,
    sectors: size / 512,
  }));
  return [0, new GuestBytes(512).bootRecord(entries).bytes];
}

function gpt(): Piece[] {
  const disk = new GuestBytes(DISK).gpt([{ first: 2048, last: 2048 + PART / 512 - 1 }]).bytes;
  return [
    [0, disk.slice(0, 64 * KIB)],
    [DISK - 64 * KIB, disk.slice(DISK - 64 * KIB)],
  ];
}

/** L1 entries for the beginnings of these ranges of the disk, where a table covers `span` bytes. */
const entriesAt = (span: number, places: readonly number[]) => [
  ...new Set(places.map(at => Math.floor(at / span))),
];

let plain: Buffer;
let big: Buffer;
const printed: string[] = [];

beforeAll(async () => {
  const files = new Map(Array.from({ length: 20 }, (_, i) => [`file-${i}`, content(i + 1, MIB)]));
  plain = await ext4(PART, files, OUTER_UUID);
  big = await ext4(DISK, files, OUTER_UUID);
});

afterAll(() => {
  for (const line of printed) console.info(line);
});

function note(name: string, { right, wrong, used, inference }: InferredPlaces): void {
  printed.push(
    `${name}: ${right.length} of ${used.length} L2 tables placed, ${wrong.length} wrongly, ${inference?.confidence ?? 'as stored'}`,
  );
}

const INODES = [8 * MIB, 40 * MIB + 16 * KIB, 40 * MIB + 32 * KIB];
const SMALL = ['-o', 'cluster_size=4k'];
/** What a table of 4 KiB covers. */
const SPAN = 2 * MIB;
const copiesFrom = (start: number, bytes = 8 * MIB) => COPIES.map(group => start + group * bytes + KIB);

describe('L2 tables of a lost L1 table get their places from file systems', () => {
  it.each<[string, () => readonly Piece[], readonly string[], number, readonly number[]]>([
    [
      'ext4 behind a boot record',
      () => [bootRecord({ start: MIB, size: PART }), [MIB, plain]],
      SMALL,
      SPAN,
      [0, ...copiesFrom(MIB)],
    ],
    ['ext4 behind a GPT', () => [...gpt(), [MIB, plain]], SMALL, SPAN, [0, ...copiesFrom(MIB)]],
    ['ext4 without partitions', () => [[0, big]], SMALL, SPAN, [0, ...copiesFrom(0)]],
    [
      'ext4 in clusters of 512 bytes',
      () => [...gpt(), [MIB, plain]],
      ['-o', 'cluster_size=512'],
      32 * KIB,
      [0, MIB, ...copiesFrom(MIB)],
    ],
    [
      'ext4 with subclusters',
      () => [...gpt(), [MIB, plain]],
      ['-o', 'cluster_size=16k,extended_l2=on'],
      16 * MIB,
      [0, ...copiesFrom(MIB)],
    ],
    [
      'ext4 in a volume of LVM in two pieces',
      () => [
        bootRecord({ start: MIB, size: DISK - MIB }),
        ...lvmPieces(MIB, [
          [0, 15, 15],
          [15, 15, 0],
        ]),
        [62 * MIB, plain.subarray(0, 60 * MIB)],
        [2 * MIB, plain.subarray(60 * MIB)],
      ],
      SMALL,
      SPAN,
      [0, 62 * MIB, ...[1, 3, 5, 7].map(group => 62 * MIB + group * 8 * MIB + KIB), 2 * MIB + 12 * MIB + KIB],
    ],
    [
      'XFS behind a GPT',
      () => [...gpt(), ...xfsPieces(MIB, PART, INODES)],
      SMALL,
      SPAN,
      [0, MIB + 16 * MIB, MIB + 32 * MIB, MIB + 96 * MIB, ...INODES.map(at => at + MIB)],
    ],
    [
      'Btrfs without partitions',
      () => btrfsPieces(0, DISK, [0, 16 * KIB, 5 * MIB, 5 * MIB + 32 * KIB]),
      ['-o', 'cluster_size=16k'],
      32 * MIB,
      [0, 64 * MIB],
    ],
    [
      'NTFS behind a boot record',
      () => [bootRecord({ start: MIB, size: PART }), ...ntfsPieces(MIB, PART, [64 * MIB, 17 * MIB], 8 * KIB)],
      SMALL,
      SPAN,
      [0, MIB + 64 * MIB, MIB + 17 * MIB, MIB + PART - 512],
    ],
  ])('%s', async (name, pieces, options, span, expected) => {
    const found = inferAfterLoss(await imageOf(pieces(), options));
    note(name, found);
    expect(found.wrong).toEqual([]);
    expect(found.right).toEqual(expect.arrayContaining(entriesAt(span, expected)));
    expect(found.inference?.confidence).toBe('likely');
  });

  it('in clusters of 64 KiB, on a disk of several GiB', async () => {
    const path = join(folder, 'large.raw');
    writeFileSync(path, '');
    await runWell(
      'mke2fs',
      ['-q', '-F', '-t', 'ext4', '-b', '4096', '-O', '^has_journal', path, '4G'],
      SYSTEM,
    );
    await qemuImg('convert', '-q', '-f', 'raw', '-O', 'qcow2', path, `${path}.qcow2`);
    const found = inferAfterLoss(`${path}.qcow2`);
    note('ext4 of 4 GiB in clusters of 64 KiB', found);
    expect(found.wrong).toEqual([]);
    // Copies of the super block: groups 1, 3, 5, 7, 9, 25 and 27 of 128 MiB.
    expect(found.right).toEqual(expect.arrayContaining([0, 1, 2, 6]));
  });
});

describe('L2 tables that hold files alone get their places', () => {
  /** A file system with files of many sizes, every second of which was removed: all of it, and its blocks that are in use. */
  async function withGaps(...mkfs: readonly string[]): Promise<{ path: string; whole: string }> {
    const tree = join(folder, `tree-of-gaps-${made++}`);
    await mkdir(tree);
    for (let i = 0; i < 700; i++)
      writeFileSync(join(tree, `f${i}`), content(i + 1, 8 * KIB + ((i * 7919) % 100) * KIB));
    const path = `${tree}.ext4`;
    const options = ['-q', '-F', '-t', 'ext4', ...mkfs, '-U', OUTER_UUID, '-d', tree];
    await runWell('mke2fs', [...options, path, '100M'], SYSTEM);
    const removed = Array.from({ length: 350 }, (_, i) => `rm f${2 * i}\n`).join('');
    await runWell('debugfs', ['-w', '-f', '-', path], { ...SYSTEM, input: removed });
    await runWell('e2image', ['-ra', path, `${path}.used`], SYSTEM);
    return { path: `${path}.used`, whole: path };
  }

  it('by the clusters that a file system has in use, and no table does by those of a file system in a file', async () => {
    const { path } = await withGaps('-b', '4096');
    const used = readFileSync(path);
    const partition: Piece[] = [bootRecord({ start: MIB, size: 100 * MIB }), [MIB, used]];
    const found = inferAfterLoss(await imageOf(partition, SMALL));
    note('ext4 with files and gaps', found);
    expect(found.wrong).toEqual([]);
    expect(found.used.length - found.right.length).toBeLessThanOrEqual(2);
    expect(found.right.length).toBeGreaterThan(12);
    const twice = inferAfterLoss(await imageOf([...partition, [MIB + 128 * MIB, used]], SMALL, 256 * MIB));
    note('the same with a copy of itself on the disk', twice);
    expect(twice.wrong).toEqual([]);
  });

  it('where Linux wrote the first super block over its copies when the file system grew', async () => {
    const { path, whole } = await withGaps('-b', '1024');
    const used = readFileSync(path);
    for (const copy of copiesFrom(0)) {
      used.set(readFileSync(whole).subarray(copy, copy + KIB), copy); // e2image leaves it out
      used.writeUInt16LE(0, copy + 0x5a); // the number of its group
    }
    const found = inferAfterLoss(
      await imageOf([bootRecord({ start: MIB, size: 100 * MIB }), [MIB, used]], SMALL),
    );
    note('ext4 whose super blocks have no numbers', found);
    expect(found.wrong).toEqual([]);
    expect(found.right).toEqual(expect.arrayContaining(entriesAt(SPAN, copiesFrom(MIB).slice(0, 2))));
  });
});

describe('L2 tables of files get their places from the account of space', () => {
  /** Runs of blocks from one block to another, each of 5 to 40 blocks behind a gap of as many. */
  function runsBetween(from: number, to: number): BlockRuns {
    const runs: [number, number][] = [];
    for (let at = from, i = 1; at + 80 < to; i++) {
      const [gap, count] = [5 + ((i * 31) % 36), 5 + ((i * i * 17) % 36)];
      runs.push([at + gap, count]);
      at += gap + count;
    }
    return runs;
  }

  const BLOCK = 4 * KIB;
  const filled = (start: number, runs: BlockRuns): Piece[] =>
    runs.map(([first, count]) => [start + first * BLOCK, content(first + 1, count * BLOCK)]);

  it('of XFS, which has trees of free space', async () => {
    // Group 2 lies at 33 MiB, and the files in it from 35 to 48 MiB.
    const used = runsBetween(512, 3800);
    const gaps = used.slice(1).map(([first], i): [number, number] => {
      const [before, count] = used[i]!;
      return [before + count, first - before - count];
    });
    const free: BlockRuns = [[6, used[0]![0] - 6], ...gaps, [used.at(-1)![0] + used.at(-1)![1], 200]];
    const pieces = [...xfsPieces(MIB, PART, []), ...xfsFreeSpace(MIB, 2, free), ...filled(33 * MIB, used)];
    const found = inferAfterLoss(await imageOf([...gpt(), ...pieces], SMALL));
    note('XFS with files and gaps', found);
    expect(found.wrong).toEqual([]);
    expect(found.right).toEqual(expect.arrayContaining([18, 19, 20, 21, 22]));
  });

  it('of NTFS, which has a bitmap', async () => {
    const table = 64 * MIB;
    const used = runsBetween(6000, 10_000);
    const pieces = [
      ...ntfsPieces(MIB, PART, [table, 80 * MIB], 8 * KIB),
      ...ntfsBitmap(MIB, table, table + 512 * KIB, used),
      ...filled(MIB, used),
    ];
    const found = inferAfterLoss(await imageOf([bootRecord({ start: MIB, size: PART }), ...pieces], SMALL));
    note('NTFS with files and gaps', found);
    expect(found.wrong).toEqual([]);
    // The files lie from 24.5 to 40 MiB.
    expect(found.right).toEqual(expect.arrayContaining([13, 14, 15, 16, 17, 18]));
  });
});

describe('no L2 table gets a wrong place', () => {
  it('by a file system in a file of another one', async () => {
    const inner = await ext4(24 * MIB, new Map([['a', content(77, 12 * MIB)]]), INNER_UUID);
    const outer = await ext4(
      PART,
      new Map([
        ['before', content(5, 3 * MIB)],
        ['disk.img', inner],
      ]),
      OUTER_UUID,
    );
    const found = inferAfterLoss(
      await imageOf([bootRecord({ start: MIB, size: PART }), [MIB, outer]], SMALL),
    );
    note('an ext4 in a file of an ext4', found);
    expect(found.wrong).toEqual([]);
    expect(found.right).toEqual(expect.arrayContaining(entriesAt(SPAN, [0, ...copiesFrom(MIB)])));
  });

  it('by a disk with a partition table in a file', async () => {
    const inner = Buffer.concat([content(9, MIB), await ext4(24 * MIB, new Map(), INNER_UUID)]);
    inner.set(bootRecord({ start: MIB, size: 24 * MIB })[1], 0);
    const pieces: Piece[] = [
      bootRecord({ start: MIB, size: PART }),
      [MIB, plain.subarray(0, 64 * MIB)],
      [70 * MIB, inner],
    ];
    const found = inferAfterLoss(await imageOf(pieces, SMALL));
    note('a disk with partitions inside a disk', found);
    expect(found.wrong).toEqual([]);
    // Only the outer table divides the disk up to its end.
    expect(found.right).toContain(0);
  });

  it('by a disk with a partition table in a file of a disk that has none, or whose own is in a backing file', async () => {
    const inner = bootRecord({ start: MIB, size: 24 * MIB })[1];
    const host = inferAfterLoss(
      await imageOf(
        [
          [0, big.subarray(0, 64 * MIB)],
          [70 * MIB, inner],
        ],
        SMALL,
      ),
    );
    note('a disk with partitions inside an ext4', host);
    expect(host.wrong).toEqual([]);
    expect(host.right).toContain(0);
    const unknown = inferAfterLoss(
      await imageOf(
        [
          [0, Buffer.from('LUKS\xba\xbe', 'latin1')],
          [70 * MIB, inner],
        ],
        SMALL,
      ),
    );
    expect(unknown.wrong).toEqual([]);
    const base = await imageOf([bootRecord({ start: MIB, size: PART }), [MIB, plain]], SMALL);
    const overlay = join(folder, 'with-disk.qcow2');
    await qemuImg('create', '-q', '-f', 'qcow2', '-o', 'cluster_size=4k', '-F', 'qcow2', '-b', base, overlay);
    const path = join(folder, 'inner-disk');
    writeFileSync(path, Buffer.concat([inner, Buffer.alloc(64 * KIB - 512, 'data')]));
    const writes = [`write -s ${path} 70M 64k`, 'write -P 7 90M 64k'].flatMap(line => ['-c', line]);
    await runWell('qemu-io', ['-f', 'qcow2', ...writes, overlay]);
    expect(inferAfterLoss(overlay).wrong).toEqual([]);
  });

  it('by a file system in a file that lies as one in a partition would, and is smaller than that', async () => {
    const inner = await ext4(24 * MIB, new Map(), INNER_UUID);
    const outer = await ext4(60 * MIB, new Map([['a', content(3, 4 * MIB)]]), OUTER_UUID);
    // Nothing is known of the second partition; the table for 70 MiB has a file system where that for 64 MiB would have it.
    const partitions = bootRecord({ start: MIB, size: 60 * MIB }, { start: 65 * MIB, size: 40 * MIB });
    const found = inferAfterLoss(await imageOf([partitions, [MIB, outer], [71 * MIB, inner]], SMALL));
    note('an ext4 in a place like that of a partition', found);
    expect(found.wrong).toEqual([]);
    expect(found.right.length).toBeGreaterThan(3);
  });

  it('by a copy of the file system itself, whose place two tables claim', async () => {
    const outer = await ext4(60 * MIB, new Map([['a', content(3, 4 * MIB)]]), OUTER_UUID);
    const pieces: Piece[] = [bootRecord({ start: MIB, size: 60 * MIB }), [MIB, outer], [65 * MIB, outer]];
    const found = inferAfterLoss(await imageOf(pieces, SMALL));
    note('a copy of a file system beside it', found);
    expect(found.wrong).toEqual([]);
    const contested = entriesAt(
      SPAN,
      [1, 3, 5, 7].map(group => MIB + group * 8 * MIB + KIB),
    );
    expect(found.right.filter(index => contested.includes(index))).toEqual([]);
  });

  it('by a copy of the file system itself whose true table is lost, or that place is a guess', async () => {
    const outer = await ext4(60 * MIB, new Map([['a', content(3, 4 * MIB)]]), OUTER_UUID);
    const pieces: Piece[] = [bootRecord({ start: MIB, size: 60 * MIB }), [MIB, outer], [65 * MIB, outer]];
    const path = await imageOf(pieces, SMALL);
    const [lost = 0] = entriesAt(SPAN, [MIB + 8 * MIB + KIB]);
    overwriteTable(path, lost);
    const found = inferAfterLoss(path);
    note('a copy of a file system beside it, whose table is lost', found);
    expect(found.wrong.filter(index => index !== lost)).toEqual([]);
    expect(found.inference?.confidence).toBe('guess');
    expect(found.inference?.facts.map(({ how }) => how).join('\n')).toContain('or it is a copy');
  });

  it('by a directory block of XFS that was copied into another table', async () => {
    const pieces = [...gpt(), ...xfsPieces(MIB, PART, INODES)];
    const stray: Piece[] = [44, 45].map(at => [at * MIB + 8 * KIB, xfsDirectoryBlock(30 * MIB + at * 4096)]);
    const found = inferAfterLoss(await imageOf([...pieces, ...stray], SMALL));
    note('an XFS with blocks that lie elsewhere', found);
    expect(found.wrong).toEqual([]);
  });

  it('by file systems that two tables can begin', async () => {
    const pieces: Piece[] = [
      [0, big.subarray(0, 64 * MIB)],
      [64 * MIB, big.subarray(0, 64 * MIB)],
    ];
    const found = inferAfterLoss(await imageOf(pieces, SMALL));
    note('two beginnings of one file system', found);
    expect(found.wrong).toEqual([]);
    expect(found.right).toEqual([]);
  });

  it('in an overlay, which holds parts of a file system only', async () => {
    const base = await imageOf([bootRecord({ start: MIB, size: PART }), [MIB, plain]], SMALL);
    const changed = join(folder, 'changed.qcow2');
    copyFileSync(base, changed);
    const overlay = join(folder, 'overlay.qcow2');
    await qemuImg('create', '-q', '-f', 'qcow2', '-o', 'cluster_size=4k', '-F', 'qcow2', '-b', base, overlay);
    for (const at of [MIB + 8 * MIB, MIB + 24 * MIB])
      await runWell('qemu-io', [
        '-f',
        'qcow2',
        '-c',
        `write -s ${await cut(at, 64 * KIB)} ${at} 64k`,
        overlay,
      ]);
    const found = inferAfterLoss(overlay);
    note('an overlay', found);
    expect(found.wrong).toEqual([]);
  });
});

/** A file with bytes of the plain disk. */
async function cut(at: number, bytes: number): Promise<string> {
  const path = join(folder, `cut-${made++}`);
  writeFileSync(path, plain.subarray(at - MIB, at - MIB + bytes));
  return path;
}
