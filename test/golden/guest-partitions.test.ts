/** The guest's partitions and file systems as partx and blkid of util-linux tell them, read through chains of qcow2. */
import { truncateSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readGuestDisk } from '../../electron/guest/read-guest-disk.ts';
import { readPartitions } from '../../electron/service/guest/read-partitions.ts';
import type { GuestDisk } from '../../shared/model/guest/guest-disk.ts';
import { EFI, type GptSpec, GuestBytes, memoryGuest } from '../support/guest/guest-tables.ts';
import { hashFile, qemuImg, run, runWell, startQemuNbd, temporaryFolder } from '../support/tools.ts';

const MIB = 2 ** 20;
const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
/** Some users' paths leave out the folders of the system's programs. */
const SYSTEM = { env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` } };
const CONSENT = { allow: [], allowAll: true };

/** A name as partx writes it: bytes that are not ASCII are escaped. */
function unescaped(text: string): string {
  const bytes = text.replace(/\\x([0-9a-f]{2})/g, (_, digits) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString();
}

/** `KEY="value"` pairs of one line. */
function pairs(line: string): Record<string, string> {
  return Object.fromEntries([...line.matchAll(/(\w+)="([^"]*)"/g)].map(match => [match[1]!, match[2]!]));
}

/** What partx shows of a raw disk, in order of the start. */
async function partx(path: string, sectorSize: number) {
  const columns = 'NR,START,SECTORS,TYPE,UUID,NAME,SCHEME';
  const args = ['--pairs', '--sector-size', String(sectorSize), '--output', columns, path];
  return (await runWell('partx', args, SYSTEM))
    .split('\n')
    .filter(line => line !== '')
    .map(pairs)
    .map(({ NR, START, SECTORS, TYPE, UUID, NAME }) => ({
      number: Number(NR),
      start: Number(START),
      sectors: Number(SECTORS),
      type: TYPE,
      uuid: UUID,
      name: unescaped(NAME ?? ''),
    }))
    .sort((a, b) => a.start - b.start);
}

/** Our answer in the same form: partx counts in sectors of 512 bytes, whatever those of the disk are. */
function asPartx({ partitions }: GuestDisk) {
  return partitions.map(({ number, start, length, type, uuid, name }) => ({
    number,
    start: start / 512,
    sectors: length / 512,
    type: type.startsWith('0x') ? `0x${Number(type).toString(16)}` : type,
    uuid,
    name,
  }));
}

/** What blkid finds in a range of a raw disk: its type, label and UUID. */
async function blkid(path: string, start: number, length: number) {
  const args = ['-p', '-o', 'export', '-O', String(start), '-S', String(length), path];
  const { stdout } = await run('blkid', args, SYSTEM);
  const found = Object.fromEntries(stdout.split('\n').map(line => line.split(/=(.*)/).slice(0, 2)));
  return { type: found.TYPE, label: (found.LABEL ?? '').replaceAll('\\', ''), uuid: found.UUID ?? '' };
}

/** Our answer in the same form. */
function asBlkid(disk: GuestDisk, number: number) {
  const content = disk.partitions.find(partition => partition.number === number)?.content;
  return { type: content?.type, label: content?.label ?? '', uuid: content?.uuid ?? '' };
}

/** A disk with one partition of 8 MiB for each file that is put there. */
async function diskOf(name: string, contents: readonly string[]): Promise<string> {
  const sectors = (8 * MIB) / 512;
  const partitions = contents.map(
    (_, i): GptSpec => ({ first: 2048 + i * sectors, last: 2047 + (i + 1) * sectors }),
  );
  const disk = new GuestBytes((8 * contents.length + 2) * MIB).gpt(partitions);
  for (const [i, path] of contents.entries()) disk.put(MIB + i * 8 * MIB, await readFile(path));
  writeFileSync(at(name), disk.bytes);
  return at(name);
}

/** A file of 8 MiB that a program fills. */
async function made(name: string, command: string, args: readonly string[]): Promise<string> {
  writeFileSync(at(name), '');
  truncateSync(at(name), 8 * MIB);
  await runWell(command, [...args, at(name)], SYSTEM);
  return at(name);
}

/** The same disk as the top of a chain: a compressed base with the first half, and what differs above. */
async function chainOf(raw: string): Promise<string> {
  const bytes = await readFile(raw);
  const half = bytes.subarray(0, bytes.length / 2);
  writeFileSync(`${raw}.half`, half);
  await qemuImg(
    'convert',
    '-q',
    '-c',
    '-O',
    'qcow2',
    '-o',
    'cluster_size=4k',
    `${raw}.half`,
    `${raw}.base.qcow2`,
  );
  await qemuImg(
    'convert',
    '-q',
    '-O',
    'qcow2',
    '-B',
    `${raw}.base.qcow2`,
    '-F',
    'qcow2',
    raw,
    `${raw}.qcow2`,
  );
  return `${raw}.qcow2`;
}

describe('partitions', () => {
  const tables: readonly (readonly [string, number, () => GuestBytes])[] = [
    [
      'a GPT',
      512,
      () =>
        new GuestBytes(16 * MIB).gpt([
          { first: 2048, last: 4095, type: EFI, name: 'EFI system' },
          { first: 20_000, last: 30_000, name: 'späť 🐮', number: 9 },
          { first: 8192, last: 16_383, name: 'x'.repeat(36), number: 128 },
        ]),
    ],
    [
      'a GPT of a disk with sectors of 4096 bytes',
      4096,
      () => new GuestBytes(16 * MIB, 4096).gpt([{ first: 256, last: 2047, name: 'root' }]),
    ],
    [
      'a GPT whose primary header is lost',
      512,
      () =>
        new GuestBytes(16 * MIB).gpt([{ first: 2048, last: 4095, name: 'a' }]).put(512, new Uint8Array(512)),
    ],
    [
      'a master boot record',
      512,
      () =>
        new GuestBytes(16 * MIB).bootRecord(
          [
            { type: 0x83, start: 2048, sectors: 2048, boot: 0x80 },
            { type: 0x82, start: 8192, sectors: 1000 },
          ],
          { id: 0xcafe0123 },
        ),
    ],
    [
      'a master boot record with logical partitions',
      512,
      () =>
        new GuestBytes(16 * MIB)
          .bootRecord(
            [
              { type: 0x83, start: 2048, sectors: 2048 },
              { type: 0x0f, start: 8192, sectors: 16_384 },
            ],
            { id: 0x01020304 },
          )
          .bootRecord(
            [
              { type: 0x83, start: 2048, sectors: 2048 },
              { type: 0x05, start: 8192, sectors: 4096 },
            ],
            { at: 8192 * 512 },
          )
          .bootRecord([{ type: 0x8e, start: 64, sectors: 1024 }], { at: 16_384 * 512 }),
    ],
  ];

  it.each(tables)(
    'of %s are those that partx shows, through a chain as well',
    async (name, sectorSize, make) => {
      const raw = at(`${name.replaceAll(' ', '-')}.raw`);
      writeFileSync(raw, make().bytes);
      const theirs = await partx(raw, sectorSize);
      expect(theirs.length).toBeGreaterThan(0);
      const alone = await readGuestDisk(memoryGuest(await readFile(raw)));
      expect(asPartx(alone)).toEqual(theirs);
      const top = await chainOf(raw);
      const before = await hashFile(top);
      const { disk } = await readPartitions({ kind: 'files', files: [top] }, CONSENT);
      expect(disk).toEqual(alone);
      expect(await hashFile(top)).toBe(before);
    },
  );

  it('are the same over NBD', async () => {
    const raw = at('served.raw');
    writeFileSync(raw, new GuestBytes(16 * MIB).gpt([{ first: 2048, last: 4095, name: 'a' }]).bytes);
    const server = await startQemuNbd(['-f', 'raw', raw]);
    const { disk } = await readPartitions({ kind: 'nbd', uri: server.uri }, CONSENT, {
      allowLocalFiles: true,
    });
    expect(disk).toEqual(await readGuestDisk(memoryGuest(await readFile(raw))));
  });
});

describe('file systems', () => {
  it('that the tools of Linux make are those that blkid names', async () => {
    const ext = (type: string) =>
      made(`${type}.fs`, 'mke2fs', ['-q', '-F', '-t', type, '-L', `${type} root`]);
    const contents = [
      await ext('ext2'),
      await ext('ext3'),
      await ext('ext4'),
      await made('swap.fs', 'mkswap', ['-q', '-L', 'my swap']),
      await made('swap64k.fs', 'mkswap', ['-q', '--pagesize', '65536']),
    ];
    const raw = await diskOf('file-systems.raw', contents);
    const { disk } = await readPartitions({ kind: 'files', files: [await chainOf(raw)] }, CONSENT);
    const theirs = [];
    for (const { start, length } of disk.partitions) theirs.push(await blkid(raw, start, length));
    expect(theirs.map(({ type }) => type)).toEqual(['ext2', 'ext3', 'ext4', 'swap', 'swap']);
    expect(contents.map((_, i) => asBlkid(disk, i + 1))).toEqual(theirs);
    expect(disk.findings).toEqual([]);
    expect(disk.partitions.map(({ content }) => content?.size)).toEqual(contents.map(() => 8 * MIB));
  });

  it('whose super blocks are written by hand are those that blkid names', async () => {
    const uuid = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
    const disk = (write: (bytes: GuestBytes) => unknown): Uint8Array => {
      const bytes = new GuestBytes(8 * MIB);
      write(bytes);
      return bytes.bytes;
    };
    const images = [
      disk(bytes =>
        bytes
          .put(0, 'LUKS\xba\xbe')
          .u16(6, 2, false)
          .put(24, 'my secret')
          .put(168, '00112233-4455-6677-8899-aabbccddeeff'),
      ),
      disk(bytes =>
        bytes
          .u32(4096, 0xa92b4efc)
          .u32(4100, 1)
          .put(4096 + 16, uuid)
          .put(4096 + 32, 'host:0')
          .u64(4096 + 144, 8),
      ),
      disk(bytes =>
        bytes
          .put(3, 'mkfs.fat')
          .u16(11, 512)
          .put(13, Uint8Array.of(4))
          .u16(14, 4)
          .put(16, Uint8Array.of(2))
          .u16(17, 512)
          .u16(19, 16_384)
          .put(21, Uint8Array.of(0xf8))
          .u16(22, 16)
          .put(38, Uint8Array.of(0x29))
          .u32(39, 0x1234abcd)
          .put(43, 'DATA       ')
          .put(54, 'FAT16   ')
          .u16(510, 0xaa55),
      ),
      disk(bytes => bytes.put(0x8000, '\x01CD001\x01').put(0x8028, 'INSTALL')),
    ];
    for (const [i, image] of images.entries()) {
      const raw = at(`by-hand-${i}.raw`);
      writeFileSync(raw, image);
      const { whole, scheme } = await readGuestDisk(memoryGuest(image));
      const { type, label = '', uuid: id = '' } = whole.content ?? {};
      expect([scheme, { type, label, uuid: id }]).toEqual(['none', await blkid(raw, 0, image.length)]);
    }
  });
});
