/**
 * Images that were cut short, damaged or made to do harm, on the command line: coded lines, an exit
 * code that fits, and no more memory than an honest image takes.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, ftruncateSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CLI, codesOf, cowscope } from '../support/cli.ts';
import { manyBitmaps } from '../support/images/many-bitmaps.ts';
import { type ImageSpec, pokeU32, pokeU64 } from '../support/images/qcow2-builder.ts';
import { type BuiltImage, buildImage, newFile } from '../support/qcow2-reading.ts';

const MIB = 2 ** 20;
/** What node and the program take without an image, and the largest tables of one image four times over. */
const MAX_RESIDENT = 300 * MIB;

/** Of a command that reads 6.4 GB of holes. A busy machine takes many times what an idle one does. */
const SLOWEST_MS = 300_000;

const peakFile = newFile();
/** Says at its end how much memory a process had at most: not getrusage, which counts the parent's before the start. */
const PROBE = `data:text/javascript,${encodeURIComponent(
  `import { readFileSync, writeFileSync } from 'node:fs';
   process.on('exit', () => writeFileSync(${JSON.stringify(peakFile)}, /VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]));`,
)}`;

/** The codes of the complaints and the exit code of a command on an image, once it is known to be modest. */
async function outcome(...words: string[]) {
  const env = { ...process.env, NODE_OPTIONS: `--import=${PROBE}` };
  const result = await cowscope(words, { env, timeout: SLOWEST_MS });
  expect(Number(readFileSync(peakFile, 'utf8')) * 1024).toBeLessThan(MAX_RESIDENT);
  const codes = codesOf(result); // throws for a line that is neither complaint nor note, such as a stack
  return { ...result, codes: [...new Set(codes)] };
}

const clusterOf = (value: number) => new Uint8Array(4096).fill(value);
const SPEC: ImageSpec = {
  size: 4 * MIB,
  clusterBits: 12,
  clusters: [
    { index: 1, kind: 'data', content: clusterOf(1) },
    { index: 2, kind: 'zeroHole' },
    { index: 3, kind: 'compressed', content: clusterOf(0) },
    { index: 600, kind: 'data', content: clusterOf(1) },
  ],
  snapshots: [{ id: '1', name: 'one' }],
  bitmaps: [{ name: 'b', granularity: 512, dirty: [[0, 5000]] }],
};

describe('a file that ends', () => {
  const tables = ['QCOW2_BITMAP_DIRECTORY', 'QCOW2_SNAPSHOT_TABLE'];
  it.each<[string, (layout: BuiltImage) => number, string[]]>([
    ['inside the magic and version', () => 8, ['QCOW2_HEADER_CUT']],
    ['inside the header', () => 103, ['QCOW2_HEADER_CUT']],
    ['before the extensions', () => 112, ['QCOW2_PAST_END', 'QCOW2_SNAPSHOT_TABLE']],
    ['inside the L1 table', ({ l1Offset }) => l1Offset + 12, ['QCOW2_PAST_END', ...tables]],
    ['inside an L2 table', ({ l2Offsets }) => l2Offsets.get(0)! + 12, ['QCOW2_PAST_END', ...tables]],
    ['before the last data', ({ l2Offsets }) => l2Offsets.get(1)! + 4096, ['QCOW2_PAST_END', ...tables]],
    ['inside the snapshot table', ({ snapshotTableOffset }) => snapshotTableOffset + 50, tables],
    [
      'inside the bitmap directory',
      ({ bitmapDirectoryOffset }) => bitmapDirectoryOffset + 20,
      ['QCOW2_BITMAP_DIRECTORY'],
    ],
    ['inside the refcounts', ({ refcountTableOffset }) => refcountTableOffset + 4, []],
  ])('%s is named by what it lacks', async (_, lengthOf, codes) => {
    const built = buildImage(SPEC);
    truncateSync(built.path, lengthOf(built));
    const opens = !codes.includes('QCOW2_HEADER_CUT');
    const code = codes.length === 0 ? 0 : opens ? 3 : 1;
    expect(await outcome('map', '--totals', built.path)).toMatchObject({ code, codes });
    expect(await outcome('layers', built.path)).toMatchObject({ code, codes });
  });

  it('while it is read costs what was not read yet, and no more', async () => {
    const built = buildImage({
      size: 64 * MIB,
      clusterBits: 9,
      clusters: i => (i % 2 ? 'data' : 'unallocated'),
    });
    const child = spawn(process.execPath, [CLI, 'map', built.path], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', text => {
      said += text;
    });
    await once(child.stdout, 'readable'); // the list stops until the pipe is read
    ftruncateSync(built.source.fd, 4096);
    child.stdout.resume();
    const [code] = await once(child, 'close');
    for (const line of said.trim().split('\n')) expect(line).toMatch(/^cowscope: QCOW2_[A-Z0-9_]+: [^\n]+$/);
    expect(code).toBe(3);
  });
});

describe('an image that claims more than it has', () => {
  it('an L1 table of 32 MiB with clusters of 2 MiB is mapped', async () => {
    const { path, source } = buildImage({ size: MIB, clusterBits: 21 });
    pokeU64(source.fd, 24, 2n ** 53n - 512n);
    pokeU32(source.fd, 36, 2 ** 22);
    expect(await outcome('map', '--totals', path)).toMatchObject({ code: 0, codes: [] });
    expect((await outcome('layers', path)).stdout).toContain('8 PiB');
  });

  it('a disk that no L1 table could reach is mapped as far as its own goes', async () => {
    const { path, source } = buildImage({ size: MIB, clusterBits: 9 });
    pokeU64(source.fd, 24, 2n ** 53n - 512n);
    const mapped = await outcome('map', '--totals', path);
    expect(mapped).toMatchObject({ code: 3, codes: ['QCOW2_L1_TOO_SMALL'] });
    expect(mapped.stdout).toMatch(/unreadable +8 PiB/);
    expect(await outcome('layers', path)).toMatchObject({ code: 3, codes: ['QCOW2_L1_TOO_SMALL'] });
  });

  it('a disk of 2^63 bytes is mapped up to 8 PiB', async () => {
    const { path, source } = buildImage(SPEC);
    pokeU64(source.fd, 24, 2n ** 63n);
    const mapped = await outcome('map', path);
    expect(mapped).toMatchObject({
      code: 3,
      codes: ['QCOW2_BITMAP_ENTRY', 'QCOW2_TOO_LARGE', 'QCOW2_L1_TOO_SMALL'],
    });
    const { stdout } = await outcome('layers', '--output', 'json', path);
    expect(stdout).toMatch(/"storedSize": 9223372036854775808,/);
  });

  it('a disk of 100,000 TiB with two used L1 entries is mapped at once, and says where they end', async () => {
    const { path, source, l1Offset } = buildImage({
      size: 2048 * MIB,
      clusters: [
        { index: 0, kind: 'data' },
        { index: 16_384, kind: 'data' },
      ],
    });
    const l1 = readFileSync(path).subarray(l1Offset, l1Offset + 32);
    const size = 2n ** 31n + 100_000n * 2n ** 40n;
    const entries = Number((size + 2n ** 29n - 1n) / 2n ** 29n);
    const moved = 2 ** 26;
    writeSync(source.fd, l1, 0, l1.length, moved);
    ftruncateSync(source.fd, moved + 8 * entries);
    pokeU64(source.fd, 24, size);
    pokeU32(source.fd, 36, entries);
    pokeU64(source.fd, 40, BigInt(moved));
    const used = `2 of the first 16,777,216 L1 entries are used, the last is number 2: what they describe lies below 1.5 GiB (0x6000_0000)`;
    const mapped = await outcome('map', '--output', 'json', path);
    expect(mapped).toMatchObject({ code: 3, codes: ['QCOW2_L1_TABLE', 'QCOW2_TOO_LARGE'] });
    const { rows, findings } = JSON.parse(mapped.stdout);
    expect(rows).toMatchObject([
      { start: 0, length: 65_536, state: 'data' },
      { start: 65_536, state: 'unallocated' },
      { start: 2 ** 30, length: 65_536, state: 'data' },
      { start: 2 ** 30 + 65_536, length: 2 ** 53 - 512 - 2 ** 30 - 65_536, state: 'unallocated' },
    ]);
    expect(findings.map(({ what }: { what: string }) => what)).toContain(used);
    expect((await outcome('layers', '--output', 'json', path)).stdout).toContain(used);
  });

  it('600 bitmaps in use on a disk of petabytes take no table each', async () => {
    const path = manyBitmaps(600, { size: 64 * MIB }, 1);
    const fd = openSync(path, 'r+');
    pokeU64(fd, 24, 2n ** 53n - 2n ** 29n);
    closeSync(fd);
    for (const witness of ['metadata', 'both'])
      expect((await outcome('map', '--totals', '--witness', witness, path)).codes).toContain(
        'QCOW2_L1_TOO_SMALL',
      );
    expect((await outcome('layers', path)).codes).toEqual(['QCOW2_L1_TOO_SMALL']);
  });

  it.each<[string, number, RegExp]>([
    ['48 TiB, each with an L1 table of 800 KB', 100_000, /owned by no layer +48\.83 TiB +100/],
    ['2 PiB, each with an L1 table of 32 MiB', 2 ** 22, /owned by no layer +2 PiB +100/],
  ])(
    'the longest chain of sparse disks of %s takes the memory of a few',
    {
      timeout: 2 * SLOWEST_MS,
    },
    async (_, entries, owner) => {
      let path = '';
      for (let layer = 0; layer < 200; layer++) {
        const below = path === '' ? {} : { backingFile: basename(path), backingFormat: 'qcow2' };
        const built = buildImage({ size: MIB, ...below });
        const l1 = Math.ceil(built.fileSize / 65_536) * 65_536;
        ftruncateSync(built.source.fd, l1 + entries * 8);
        pokeU64(built.source.fd, 24, BigInt(entries * 2 ** 29));
        pokeU32(built.source.fd, 36, entries);
        pokeU64(built.source.fd, 40, BigInt(l1));
        path = built.path;
      }
      const mapped = await outcome('map', '--totals', path);
      expect(mapped).toMatchObject({ code: 0, codes: [] });
      expect(mapped.stdout).toMatch(owner);
    },
  );

  it('tables past the end of the file are small', async () => {
    const { path, source } = buildImage(SPEC);
    pokeU64(source.fd, 48, 2n ** 50n); // refcount table
    pokeU32(source.fd, 56, 2048);
    pokeU32(source.fd, 60, 65_536); // snapshots
    expect(await outcome('layers', path)).toMatchObject({ code: 3 });
    // What follows the one snapshot there is is read as further ones, up to where that cannot be.
    const codes = ['QCOW2_SNAPSHOT_L1', 'QCOW2_SNAPSHOT_TABLE'];
    expect((await outcome('map', '--totals', path)).codes).toEqual(codes);
  });
});

describe('an image with as many parts as the format allows', () => {
  it('65,536 snapshots that share an L1 table of 32 MiB are listed', async () => {
    const { path, source, fileSize } = buildImage({ size: MIB, snapshots: [{ id: '1', name: 'a' }] });
    const count = 65_536;
    const table = Buffer.alloc(count * 64);
    for (let at = 0; at < table.length; at += 64) {
      table.writeBigUInt64BE(BigInt(fileSize + table.length * 2), at);
      table.writeUInt32BE(2 ** 22, at + 8);
      table.writeUInt32BE(0x00020002, at + 12); // bytes of id and name
      table.writeUInt32BE(16, at + 36);
      table.writeBigUInt64BE(BigInt(MIB), at + 48);
      table.write('idab', at + 56);
    }
    writeSync(source.fd, table, 0, table.length, fileSize);
    ftruncateSync(source.fd, fileSize + table.length * 2 + 2 ** 25);
    pokeU64(source.fd, 64, BigInt(fileSize));
    pokeU32(source.fd, 60, count);
    const { code, stdout } = await outcome('layers', path);
    expect(code).toBe(0);
    expect(stdout.match(/^ {4}snapshot /gm)).toHaveLength(count);
    expect(await outcome('map', '--totals', path)).toMatchObject({ code: 0, codes: [] });
  });

  it('65,535 bitmaps that share a table are listed', async () => {
    const path = manyBitmaps(65_535, { size: MIB });
    const { code, stdout } = await outcome('layers', path);
    expect(code).toBe(0);
    expect(stdout.match(/^ {4}bitmap /gm)).toHaveLength(65_535);
    expect(await outcome('map', '--totals', path)).toMatchObject({ code: 0, codes: [] });
  });

  it('thousands of bitmaps take no table each over NBD, and neither do those in use', async () => {
    const usable = manyBitmaps(4096, { size: MIB });
    const left = await outcome('map', '--totals', '--witness', 'nbd', usable);
    expect(left).toMatchObject({ code: 3, codes: ['QEMU_BITMAP_LEFT_OUT'] });
    const inUse = manyBitmaps(4096, { size: MIB }, 1);
    expect(await outcome('map', '--totals', '--witness', 'nbd', inUse)).toMatchObject({ code: 0, codes: [] });
  });

  it('more bitmaps than one connection asks for are left to the metadata, and never said to be clean', async () => {
    const names = Array.from({ length: 70 }, (_, i) => `b${i}`);
    const { path } = buildImage({ size: MIB, bitmaps: names.map(name => ({ name, dirty: [[0, 65_536]] })) });
    const both = await outcome('map', '--totals', '--witness', 'both', path);
    expect(both).toMatchObject({ code: 3, codes: ['QEMU_BITMAP_LEFT_OUT'] });
    expect(both.stderr.trim().split('\n')).toHaveLength(1);
    const lists = async (name: string, witness: string) => {
      const context = `qemu:dirty-bitmap:${name}`;
      const words = ['map', '--witness', witness, '--as', 'nbdinfo', '--context', context, path];
      return JSON.parse((await outcome(...words)).stdout).map(
        (row: { description: string }) => row.description,
      );
    };
    expect(await lists('b0', 'nbd')).toEqual(['dirty', 'clean']);
    const words = ['--as', 'nbdinfo', '--context', 'qemu:dirty-bitmap:b69', path];
    const left = await outcome('map', '--witness', 'nbd', ...words);
    expect(left).toMatchObject({ code: 1, codes: ['CONTEXT_NOT_OFFERED'], stdout: '' });
    expect(await lists('b69', 'metadata')).toEqual(['dirty', 'clean']);
  });

  it('a feature name table and extensions that fill 2 MiB are read to their bounds', async () => {
    const { path, source } = buildImage({ size: MIB, clusterBits: 21 });
    const bytes = Buffer.alloc(2 ** 21 - 112);
    for (let at = 0; at + 8 <= bytes.length; at += 8) bytes.writeUInt32BE(0x12345678, at);
    writeSync(source.fd, bytes, 0, bytes.length, 112);
    const { code, stdout } = await outcome('layers', path);
    expect(code).toBe(0);
    expect(stdout).toContain('There are more than 1024 header extensions');
  });
});

describe('tables that refer to each other', () => {
  it.each<[string, (built: BuiltImage) => void, string[]]>([
    ['an L2 table in the L1 table', b => pokeU64(b.source.fd, b.l1Offset, BigInt(b.l1Offset)), []],
    ['an L1 table in the header', b => pokeU64(b.source.fd, 40, 0n), ['QCOW2_L1_TABLE']],
    [
      'refcount blocks that are the refcount table',
      b => {
        for (let i = 0; i < 512; i++)
          pokeU64(b.source.fd, b.refcountTableOffset + i * 8, BigInt(b.refcountTableOffset));
      },
      [],
    ],
    [
      'a compressed cluster far past the end',
      b => pokeU64(b.source.fd, b.l2Offsets.get(0)! + 24, 2n ** 63n - 1n),
      ['QCOW2_PAST_END'],
    ],
    [
      'a bitmap table of anything',
      b => {
        for (let at = 0; at < 64; at += 4)
          pokeU32(b.source.fd, b.bitmapTableOffsets[0]! + at, (at * 2_654_435_761) >>> 0);
      },
      ['QCOW2_BITMAP_TABLE'],
    ],
  ])('are taken as they are, and what cannot be is named: %s', async (_, damage, codes) => {
    const built = buildImage(SPEC);
    damage(built);
    expect(await outcome('map', '--totals', built.path)).toMatchObject({
      code: codes.length === 0 ? 0 : 3,
      codes,
    });
  });
});
