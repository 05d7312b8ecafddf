/** What `qemu-img check` says of images of which it counts nothing, against what the check reports of them. */
import { ftruncateSync, unlinkSync } from 'node:fs';
import { expect, it } from 'vitest';
import { qemuRefusal } from '../../electron/qcow2/read/findings/qemu-refusal.ts';
import { openQcow2, type Qcow2Image } from '../../electron/qcow2/read/image.ts';
import { CowscopeError } from '../../shared/error.ts';
import { Chance, damage, randomSpec } from '../support/images/damage.ts';
import { pokeU32, pokeU64 } from '../support/images/qcow2-builder.ts';
import { writeAt } from '../support/images/qcow2-builder-parts.ts';
import { alone, type BuiltImage, buildImage, openSource } from '../support/qcow2-reading.ts';
import { run } from '../support/tools.ts';

/** The message without the program, and the description of the image in front of it. */
async function saidByQemu(path: string): Promise<string | undefined> {
  const { stdout, stderr } = await run('qemu-img', ['check', '--output=json', alone(path)]);
  if (stdout.startsWith('{')) return undefined;
  const said = stderr.split('\n').find(text => /^qemu-img: (Could not open|ERROR) /.test(text)) ?? stderr;
  return said.replace(/^qemu-img: (Could not open '.*?': |ERROR )/, '').trim();
}

const SPEC = { size: 2 ** 20, clusters: [{ index: 0, kind: 'data' as const }] };

const HEADERS: readonly (readonly [string, (fd: number, image: BuiltImage) => void])[] = [
  ['header_length is 96', fd => pokeU32(fd, 100, 96)],
  ['header_length is 1 MiB', fd => pokeU32(fd, 100, 2 ** 20)],
  ['the backing name lies at 1 MiB', fd => pokeU64(fd, 8, 2n ** 20n)],
  [
    'the backing name is too long',
    fd => {
      pokeU64(fd, 8, 512n);
      pokeU32(fd, 16, 5000);
    },
  ],
  [
    'the compression type is not known',
    fd => {
      pokeU64(fd, 72, 8n);
      writeAt(fd, Uint8Array.of(7), 104);
    },
  ],
  ['the compression type has no bit', fd => writeAt(fd, Uint8Array.of(1), 104)],
  ['the compression bit has no type', fd => pokeU64(fd, 72, 8n)],
  ['refcount_order is 9', fd => pokeU32(fd, 96, 9)],
  ['the refcount table is too large', fd => pokeU32(fd, 56, 2 ** 20)],
  ['the refcount table is not aligned', fd => pokeU64(fd, 48, 65_537n)],
  ['the refcount table lies above 2^63', fd => pokeU64(fd, 48, 2n ** 63n)],
  ['the L1 table is too large', fd => pokeU32(fd, 36, 2 ** 28)],
  ['the L1 table is not aligned', fd => pokeU64(fd, 40, 65_537n)],
  ['the L1 table is too small', fd => pokeU32(fd, 36, 0)],
  ['the disk is too large', fd => pokeU64(fd, 24, 2n ** 62n)],
  ['the encryption method is not known', fd => pokeU32(fd, 32, 7)],
  ['LUKS has no encryption header', fd => pokeU32(fd, 32, 2)],
  ['the data file is raw and not there', fd => pokeU64(fd, 88, 2n)],
];

it.each(HEADERS)(
  'qemu refuses an image of which %s with the words that the check reports',
  async (_, damageHeader) => {
    const image = buildImage(SPEC);
    damageHeader(image.source.fd, image);
    const said = qemuRefusal(openQcow2(openSource(image.path)));
    expect(said).toBeDefined();
    expect(said).toBe(await saidByQemu(image.path));
  },
);

const extension = (type: number, data: Uint8Array) => ({ ...SPEC, extensions: [{ type, data }] });
const lists = {
  ...SPEC,
  snapshots: [{ id: '1', name: 'one' }],
  bitmaps: [{ name: 'b', dirty: [[0, 2 ** 19] as const] }],
};

it.each([
  [
    'a snapshot has 2000 bytes of extra data',
    (fd, image) => pokeU32(fd, image.snapshotTableOffset + 36, 2000),
  ],
  ['70,000 snapshots are counted', fd => pokeU32(fd, 60, 70_000)],
  ['the snapshot table lies between clusters', fd => pokeU64(fd, 64, 65_544n)],
  [
    'a bitmap is of an unknown type',
    (fd, image) => writeAt(fd, Uint8Array.of(7), image.bitmapDirectoryOffset + 16),
  ],
  ['a bitmap has extra data', (fd, image) => pokeU32(fd, image.bitmapDirectoryOffset + 20, 8)],
  [
    'an entry of a bitmap table is invalid',
    (fd, image) => pokeU64(fd, image.bitmapTableOffsets[0] as number, 65_537n),
  ],
  [
    'the file ends before the bitmap directory',
    (fd, image) => ftruncateSync(fd, image.bitmapDirectoryOffset),
  ],
] as const satisfies readonly (readonly [string, (fd: number, image: BuiltImage) => void])[])(
  'qemu refuses an image of which %s with the words that the check reports',
  async (_, damageLists) => {
    const image = buildImage(lists);
    damageLists(image.source.fd, image);
    const said = qemuRefusal(openQcow2(openSource(image.path)));
    expect(said).toBeDefined();
    expect(said).toBe(await saidByQemu(image.path));
  },
);

const numbers = (...values: bigint[]) => {
  const view = new DataView(new ArrayBuffer(8 * values.length));
  for (const [at, value] of values.entries()) view.setBigUint64(8 * at, value);
  return new Uint8Array(view.buffer);
};
const BITMAPS = 0x23852875;

it.each([
  ['the backing format has 20 letters', extension(0xe2792aca, new Uint8Array(20).fill(97))],
  ['the encryption header is not expected', extension(0x0537be77, new Uint8Array(16))],
  ['the bitmaps extension has 8 bytes', { ...extension(BITMAPS, new Uint8Array(8)), autoclear: 1n }],
  ['no bitmap is counted', { ...extension(BITMAPS, numbers(0n, 64n, 65_536n)), autoclear: 1n }],
  ['65,536 bitmaps are counted', { ...extension(BITMAPS, numbers(2n ** 48n, 64n, 65_536n)), autoclear: 1n }],
  [
    'a reserved field is set',
    { ...extension(BITMAPS, numbers(2n ** 32n + 1n, 64n, 65_536n)), autoclear: 1n },
  ],
  [
    'the directory is not aligned',
    { ...extension(BITMAPS, numbers(2n ** 32n, 64n, 65_544n)), autoclear: 1n },
  ],
  [
    'the directory is too large',
    { ...extension(BITMAPS, numbers(2n ** 32n, 2n ** 40n, 65_536n)), autoclear: 1n },
  ],
] as const)('qemu refuses an image of which %s with the words that the check reports', async (_, spec) => {
  const image = buildImage(spec);
  const said = qemuRefusal(openQcow2(openSource(image.path)));
  expect(said).toBeDefined();
  expect(said).toBe(await saidByQemu(image.path));
});

it('says nothing of an extension of bitmaps that a program without them made stale: qemu opens the image', async () => {
  const image = buildImage(extension(BITMAPS, numbers(0n, 64n, 65_536n)));
  expect(qemuRefusal(openQcow2(openSource(image.path)))).toBeUndefined();
  expect(await saidByQemu(image.path)).toBeUndefined();
});

/** Images in all, of all kinds. */
const COUNT = Number(process.env.COWSCOPE_REFUSAL_IMAGES ?? 60);

it(`tells of ${COUNT} damaged images what qemu says of those of which it counts nothing, and nothing of others`, async () => {
  const wrong: unknown[] = [];
  let refused = 0;
  for (let seed = 0; seed < COUNT; seed++) {
    const chance = new Chance(7_000_000 + seed);
    const image = buildImage(randomSpec(chance));
    const done = damage(image, chance);
    const said = refusalOf(image.path);
    const answer = await saidByQemu(image.path);
    if (answer !== undefined) refused++;
    if (answer !== said && said !== NOT_OPENED) wrong.push([seed, said, answer, done]);
    unlinkSync(image.path);
  }
  expect(wrong).toEqual([]);
  expect(refused).toBeGreaterThan(0);
});

/** What stands for an image that is not opened here either. */
const NOT_OPENED = 'not opened';

function refusalOf(path: string): string | undefined {
  let image: Qcow2Image;
  try {
    image = openQcow2(openSource(path));
  } catch (error) {
    if (error instanceof CowscopeError) return NOT_OPENED;
    throw error;
  }
  return qemuRefusal(image);
}
