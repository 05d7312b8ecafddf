/** Each kind of content is recognized where its documentation puts the magic bytes, and what looks alike is not. */
import { describe, expect, it } from 'vitest';
import { readGuestDisk } from '../../../../electron/guest/read-guest-disk.ts';
import { GuestBytes, memoryGuest } from '../../../support/guest/guest-tables.ts';

const MIB = 2 ** 20;
const UUID = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
const UUID_TEXT = '00112233-4455-6677-8899-aabbccddeeff';

type Write = (bytes: GuestBytes) => unknown;

/** The type, and what writes its signature on a disk of 1 MiB. */
const SIGNATURES: readonly (readonly [type: string, write: Write, facts?: object])[] = [
  ['crypto_LUKS', b => b.put(0, 'LUKS\xba\xbe').u16(6, 1, false).put(168, UUID_TEXT), { uuid: UUID_TEXT }],
  [
    'LVM2_member',
    b =>
      b
        .put(512, 'LABELONE')
        .put(512 + 24, 'LVM2 001')
        .put(512 + 32, 'abcdefGHIJklmnOPQRstuvWXYZ012345'),
    { uuid: 'abcdef-GHIJ-klmn-OPQR-stuv-WXYZ-012345' },
  ],
  ['linux_raid_member', b => b.u32(0, 0xa92b4efc).u32(4, 1).put(16, UUID), { uuid: UUID_TEXT }],
  [
    'linux_raid_member',
    b =>
      b
        .u32(MIB - 8192, 0xa92b4efc)
        .u32(MIB - 8188, 1)
        .put(MIB - 8160, 'md:1'),
    { label: 'md:1' },
  ],
  ['linux_raid_member', b => b.u32(MIB - 65_536, 0xa92b4efc)],
  ['bcache', b => b.put(4096 + 24, Buffer.from('c68573f64e1a45ca8265f57f48ba6d81', 'hex'))],
  ['BitLocker', b => b.put(3, '-FVE-FS-')],
  ['zfs_member', b => b.u64(0x2_0000 + 3 * 1024, 0x00bab10cn)],
  [
    'xfs',
    b => b.put(0, 'XFSB').u32(4, 4096, false).u64(8, 200, false).put(32, UUID).put(108, 'data'),
    { uuid: UUID_TEXT, label: 'data', size: 819_200 },
  ],
  [
    'btrfs',
    b => b.put(0x10040, '_BHRfS_M').put(0x10020, UUID).put(0x1012b, 'pool'),
    { uuid: UUID_TEXT, label: 'pool' },
  ],
  [
    'ntfs',
    b => b.put(3, 'NTFS    ').u16(11, 512).u64(40, 2047).u64(72, 0x0123456789abcdefn),
    { uuid: '0123456789ABCDEF', size: 2047 * 512 },
  ],
  [
    'exfat',
    b => b.put(3, 'EXFAT   ').u64(72, 2048).u32(100, 0xcafe0001).put(108, Uint8Array.of(9)),
    { uuid: 'CAFE-0001', size: MIB },
  ],
  ['ReFS', b => b.put(3, 'ReFS\0\0\0\0')],
  [
    'vfat',
    b =>
      b
        .put(82, 'FAT32   ')
        .u16(11, 512)
        .put(13, Uint8Array.of(1))
        .u16(14, 32)
        .put(16, Uint8Array.of(2))
        .u32(32, 2048)
        .u32(67, 0x12345678),
    { uuid: '1234-5678', size: MIB },
  ],
  ['jbd', b => b.ext4(0, { features: 0x8 })],
  ['ext2', b => b.ext4(0, { features: 0 }), { size: 65_536 }],
  [
    'swap',
    b =>
      b
        .put(16_384 - 10, 'SWAPSPACE2')
        .u32(1024, 1)
        .u32(1028, 9)
        .put(1052, 'sw'),
    { label: 'sw', size: 163_840 },
  ],
  ['swsuspend', b => b.put(4096 - 10, 'S1SUSPEND')],
  ['f2fs', b => b.u32(1024, 0xf2f52010)],
  ['hfsplus', b => b.put(1024, 'H+')],
  ['apfs', b => b.put(32, 'NXSB')],
  ['bcachefs', b => b.put(4096 + 24, Buffer.from('c68573f666ce90a9d96a60cf803df7ef', 'hex'))],
  ['squashfs', b => b.put(0, 'hsqs')],
  ['erofs', b => b.u32(1024, 0xe0f5e1e2)],
  ['jfs', b => b.put(0x8000, 'JFS1')],
  ['gfs2', b => b.u32(0x10000, 0x01161970, false)],
  ['udf', b => b.put(0x8001, 'BEA01').put(0x8801, 'NSR02')],
  ['iso9660', b => b.put(0x8001, 'CD001').put(0x8028, 'CDROM   '), { label: 'CDROM' }],
];

async function wholeOf(write: Write) {
  const bytes = new GuestBytes(MIB);
  write(bytes);
  return (await readGuestDisk(memoryGuest(bytes.bytes))).whole;
}

describe('signatures', () => {
  it.each(SIGNATURES.map(([type, write, facts]) => ({ type, write, facts })))(
    'recognize $type',
    async ({ type, write, facts = {} }) => {
      const { content } = await wholeOf(write);
      expect(content).toMatchObject({ type, also: [], ...facts });
    },
  );

  it.each<readonly [string, Write]>([
    ['zeros', () => {}],
    ['a magic number of xfs over an impossible block size', b => b.put(0, 'XFSB').u32(4, 1000, false)],
    ['the name of FAT over an impossible sector size', b => b.put(54, 'FAT16   ').u16(11, 100)],
    ['a label of LVM without its type', b => b.put(512, 'LABELONE')],
    ['the magic number of ext over impossible blocks', b => b.ext4(0).u32(0x418, 99)],
  ])('find nothing in %s', async (_, write) => {
    expect((await wholeOf(write)).content).toBeUndefined();
  });

  it('believe a container before what an earlier use left in it, and name that too', async () => {
    const { content } = await wholeOf(b => b.put(0, 'LUKS\xba\xbe').ext4(0));
    expect([content?.type, content?.also]).toEqual(['crypto_LUKS', ['ext4']]);
  });

  it('tell where they could not be read', async () => {
    const bytes = new GuestBytes(MIB).ext4(0).bytes;
    const { whole, findings } = await readGuestDisk(memoryGuest(bytes, [0x10040]));
    expect([whole.content?.type, whole.unread]).toEqual(['ext4', 'reading failed']);
    expect(findings.map(({ code }) => code)).toEqual(['GUEST_NOT_READ']);
  });

  it('tell the size of a sector where a boot record does not', async () => {
    const disk = (sectorSize: number) =>
      new GuestBytes(4 * MIB).bootRecord([{ type: 0x83, start: 256, sectors: 100 }]).ext4(256 * sectorSize)
        .bytes;
    for (const size of [512, 4096]) {
      const { sectorSize, sectorSizeFrom, partitions } = await readGuestDisk(memoryGuest(disk(size)));
      expect([sectorSize, sectorSizeFrom, partitions[0]?.start]).toEqual([size, 'signatures', 256 * size]);
    }
    const unknown = new GuestBytes(4 * MIB).bootRecord([{ type: 0x83, start: 256, sectors: 100 }]).bytes;
    expect(await readGuestDisk(memoryGuest(unknown))).toMatchObject({
      sectorSize: 512,
      sectorSizeFrom: 'assumed',
    });
  });

  it('of a boot sector of FAT or NTFS are no partition table', async () => {
    const ntfs = new GuestBytes(MIB)
      .bootRecord([{ type: 0x83, start: 8, sectors: 8 }])
      .put(3, 'NTFS    ')
      .u16(11, 512).bytes;
    expect(await readGuestDisk(memoryGuest(ntfs))).toMatchObject({
      scheme: 'none',
      whole: { content: { type: 'ntfs' } },
    });
  });
});
