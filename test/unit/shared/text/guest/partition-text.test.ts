/** Where findings lie in the guest, in words and numbers. */
import { describe, expect, it } from 'vitest';
import { type Finding, makeFinding, type Range } from '../../../../../shared/model/finding.ts';
import type { GuestDisk, GuestPartition } from '../../../../../shared/model/guest/guest-disk.ts';
import {
  divisionText,
  findingPartitions,
  sharesOf,
} from '../../../../../shared/text/guest/partition-text.ts';

const K64 = 65_536;
const partition = (number: number, start: number, length: number, type?: string): GuestPartition => ({
  number,
  kind: 'gpt',
  start,
  length,
  type: 'x',
  typeName: '',
  name: '',
  uuid: '',
  ...(type === undefined ? {} : { content: { type, label: '', uuid: '', also: [] } }),
});
const disk: GuestDisk = {
  size: 100 * K64,
  scheme: 'gpt',
  sectorSize: 512,
  sectorSizeFrom: 'table',
  diskId: '',
  isUsable: true,
  partitions: [partition(1, 10 * K64, 10 * K64), partition(2, 20 * K64 + 512, 20 * K64, 'ext4')],
  gaps: [
    [0, 10 * K64],
    [20 * K64, 512],
    [40 * K64 + 512, 60 * K64 - 512],
  ],
  whole: {},
  findings: [],
};
const finding = (guest: Range[], more: Partial<Finding> = {}): Finding =>
  makeFinding({ code: 'X', severity: 'note', what: 'x', guest, ...more });

describe('where a finding lies', () => {
  it.each<readonly [Range[], string]>([
    [[], ''],
    [[[25 * K64, K64]], 'in partition 2 (ext4), 1 cluster'],
    [
      [
        [25 * K64, 2 * K64],
        [30 * K64, K64],
      ],
      'in partition 2 (ext4), 3 clusters',
    ],
    [
      [[19 * K64, 2 * K64]],
      'in partition 1, 1 cluster; in partition 2 (ext4), 1 cluster; in no partition, 1 cluster',
    ],
    [
      [
        [25 * K64, 512],
        [25 * K64 + 1024, 512],
      ],
      'in partition 2 (ext4), 1 cluster',
    ],
    [[[0, K64]], 'in no partition, 1 cluster'],
  ])('of %j is written as %j', (guest, text) => {
    expect(findingPartitions(finding(guest), disk, K64)).toBe(text);
  });

  it('is at least what its listed places say, where there are more', () => {
    const places = Array.from({ length: 16 }, (_, i): Range => [(20 + i) * K64 + 1024, 512]);
    expect(findingPartitions(finding(places), disk, K64)).toBe('in partition 2 (ext4), at least 16 clusters');
    expect(findingPartitions(finding([[25 * K64, 512]], { bytesAtRisk: K64 }), disk, K64)).toBe(
      'in partition 2 (ext4), at least 1 cluster',
    );
  });

  it('is written in bytes where there are no clusters', () => {
    expect(findingPartitions(finding([[25 * K64, 1024]]), disk, 1)).toBe('in partition 2 (ext4), 1 KiB');
  });

  it('is empty where the table cannot be used, and names the content of a disk without one', () => {
    expect(findingPartitions(finding([[0, K64]]), { ...disk, isUsable: false }, K64)).toBe('');
    const whole = { content: { type: 'xfs', label: '', uuid: '', also: [] } };
    const plain: GuestDisk = { ...disk, scheme: 'none', partitions: [], gaps: [], whole };
    expect(findingPartitions(finding([[0, K64]]), plain, K64)).toBe(
      'in the xfs of the whole disk, 1 cluster',
    );
    expect(findingPartitions(finding([[0, K64]]), { ...plain, whole: {} }, K64)).toBe('');
    expect(divisionText(plain)).toBe('no partition table, xfs');
  });

  it('counts bytes of each partition once, and what an extended one has in none', () => {
    const extended = { ...partition(4, 50 * K64, 10 * K64), kind: 'extended' } as const;
    const shares = sharesOf([[0, 100 * K64]], { ...disk, partitions: [...disk.partitions, extended] }, K64);
    expect(shares.map(({ partition: found, bytes }) => [found?.number, bytes])).toEqual([
      [1, 10 * K64],
      [2, 20 * K64],
      [undefined, 70 * K64],
    ]);
  });
});
