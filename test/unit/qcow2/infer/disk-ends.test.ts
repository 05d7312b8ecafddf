/** A partition table shows which L2 table is the first of its disk, and nothing that only resembles one does. */
import { writeSync } from 'node:fs';
import { expect, it } from 'vitest';
import { beginsDisk, endsDisk } from '../../../../electron/qcow2/infer/disk-ends.ts';
import { inferL1 } from '../../../../electron/qcow2/infer/infer-image.ts';
import { runToEnd } from '../../../../electron/qcow2/read/sliced-work.ts';
import { buildImage, readImage } from '../../../support/qcow2-reading.ts';

const K64 = 65_536;

/** A sector with the mark of boot code, and with these bytes where the partitions are. */
function bootSector(partitions: readonly number[]): Buffer {
  const sector = Buffer.alloc(K64);
  sector.fill('boot code ', 0, 440);
  sector.set(partitions, 446);
  sector.writeUInt16BE(0x55aa, 510);
  return sector;
}

const PARTITION = [0x80, 0, 2, 0, 0x83, 0xff, 0xff, 0xff, 0, 8, 0, 0, 0, 0, 16, 0];

it('takes an MBR with partitions for the beginning of a disk, and neither boot code alone nor text', () => {
  expect(beginsDisk(bootSector(PARTITION))).toBe(true);
  expect(beginsDisk(bootSector([]))).toBe(false);
  expect(beginsDisk(bootSector([...PARTITION, ...Buffer.from('NTLDR is missing')]))).toBe(false);
  expect(beginsDisk(Buffer.alloc(K64, 'Nov 27 a line of a log\n'))).toBe(false);
  expect(beginsDisk(new Uint8Array())).toBe(false);
});

it('takes the copy of a GPT for the end of a disk only where it says that place', () => {
  const size = 2 ** 30;
  const end = (sector: number) => {
    const bytes = Buffer.alloc(K64);
    bytes.write('EFI PART', K64 - 512);
    bytes.writeBigUInt64LE(BigInt(sector), K64 - 512 + 24);
    return bytes;
  };
  expect(endsDisk(end(size / 512 - 1), size)).toBe(true);
  expect(endsDisk(end(size / 512 - 1), 2 * size)).toBe(false);
  expect(endsDisk(end(1), size)).toBe(false);
});

it('places no L2 table by a partition table that two of them have, as a disk inside a disk has one', () => {
  const placed = (...contents: Buffer[]) => {
    const clusters = contents.map((content, i) => ({ index: i * 8192, kind: 'data' as const, content }));
    const { source, path, l1Offset } = buildImage({ size: 2 ** 30, clusters });
    writeSync(source.fd, new Uint8Array(16), 0, 16, l1Offset);
    return runToEnd(inferL1(readImage(path), { reading: 1 }))?.inferred?.inference;
  };
  const [disk, data] = [bootSector(PARTITION), Buffer.alloc(K64, 'some data ')];
  expect(placed(disk, data)).toMatchObject({ confidence: 'likely', tables: { found: 2, placed: 2 } });
  expect(placed(data, disk)).toMatchObject({ tables: { found: 2, placed: 2 } });
  expect(placed(disk, disk)).toMatchObject({ tables: { found: 2, placed: 0 } });
});
