import { describe, expect, it } from 'vitest';
import { diskOffset, readerOf } from '../../../../electron/guest/landmarks/volume.ts';
import { volumesOf } from '../../../../electron/guest/landmarks/volumes.ts';
import { GuestBytes } from '../../../support/guest/guest-tables.ts';
import { lvmPieces } from '../../../support/guest/numbered-file-systems.ts';
import { readerOfPieces, VOLUME_SIZE as SIZE } from '../../../support/guest/read-pieces.ts';

const MIB = 2 ** 20;

describe('volumes', () => {
  const partitions = [
    { type: 0x83, start: 2048, sectors: 4096 },
    { type: 0x05, start: 8192, sectors: 65_536 },
  ];

  /** Where each volume begins on the disk, and its size. */
  function places(bytes: Uint8Array): (readonly [number | undefined, number])[] {
    const read = readerOfPieces([[0, bytes]], bytes.length);
    return volumesOf(read, bytes.length).map(volume => [diskOffset(volume, 0, 1), volume.size]);
  }

  it('are the partitions of a boot record, with those in an extended one', () => {
    const disk = new GuestBytes(48 * MIB).bootRecord(partitions);
    const at = 8192 * 512;
    disk.bootRecord(
      [
        { type: 0x83, start: 64, sectors: 100 },
        { type: 0x05, start: 1000, sectors: 900 },
      ],
      { at },
    );
    disk.bootRecord(
      [
        { type: 0x83, start: 8, sectors: 200 },
        { type: 0x05, start: 0, sectors: 900 },
      ],
      {
        at: at + 1000 * 512,
      },
    );
    expect(places(disk.bytes)).toEqual([
      [2048 * 512, 4096 * 512],
      [at + 64 * 512, 100 * 512],
      [at + 1008 * 512, 200 * 512],
    ]);
  });

  it('are the partitions of either copy of a GPT, and none where both are damaged', () => {
    const disk = new GuestBytes(8 * MIB).gpt([{ first: 2048, last: 4095 }]);
    expect(places(disk.bytes)).toEqual([[MIB, MIB]]);
    disk.u32(512 + 40, 99);
    expect(places(disk.bytes)).toEqual([[MIB, MIB]]);
    disk.u32(8 * MIB - 512 + 40, 99);
    expect(places(disk.bytes)).toEqual([]);
  });

  it('are the disk itself where nothing divides it', () => {
    expect(places(new Uint8Array(MIB))).toEqual([[0, MIB]]);
  });

  it('of LVM lie where its metadata says, in as many pieces as it has', () => {
    const segments = [
      [0, 2, 1],
      [2, 3, 10],
    ] as const;
    const read = readerOfPieces([
      [0, new GuestBytes(512).bootRecord([{ type: 0x8e, start: 2048, sectors: 180_000 }]).bytes],
      ...lvmPieces(MIB, segments),
    ]);
    const [volume, ...others] = volumesOf(read, SIZE);
    expect(others).toEqual([]);
    expect(volume).toEqual({
      size: 20 * MIB,
      segments: [
        { start: 0, length: 8 * MIB, disk: 6 * MIB },
        { start: 8 * MIB, length: 12 * MIB, disk: 42 * MIB },
      ],
    });
    if (volume === undefined) return;
    expect(diskOffset(volume, 8 * MIB - 1, 2)).toBeUndefined();
    expect(readerOf(volume, read)(8 * MIB - 1, 2)).toBeUndefined();
  });

  it('of LVM are those that are visible: in the parts of others, such as the data of a thin pool, nothing lies in order', () => {
    const hidden = lvmPieces(0, [[0, 2, 1]], { status: ['READ', 'WRITE'] });
    expect(volumesOf(readerOfPieces(hidden), SIZE)).toEqual([]);
  });

  it('of LVM are not known by an area of metadata that is out of use', () => {
    expect(volumesOf(readerOfPieces(lvmPieces(0, [[0, 2, 1]], { flags: 1 })), SIZE)).toEqual([]);
  });

  it('of LVM are read whatever strings its metadata has, and where one has no end', () => {
    const before = `names = "${'\\"'.repeat(1000)}"\n`;
    expect(volumesOf(readerOfPieces(lvmPieces(0, [[0, 2, 1]], { before })), SIZE)).toHaveLength(1);
    const behind = `name = "${'\\"'.repeat(120_000)}`;
    expect(volumesOf(readerOfPieces(lvmPieces(0, [[0, 2, 1]], { behind })), SIZE)).toHaveLength(1);
  });

  it('of LVM whose metadata is damaged are not known', () => {
    const pieces = lvmPieces(0, [[0, 2, 1]]);
    const label = pieces.slice(0, 1);
    expect(volumesOf(readerOfPieces(pieces), SIZE)).toHaveLength(1);
    expect(volumesOf(readerOfPieces(label), SIZE)).toEqual([]);
  });
});
