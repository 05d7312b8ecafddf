/** Disks whose partition tables are damaged or odd, each with the codes that must be found, and no others. */
import { EFI, GuestBytes } from './guest-tables.ts';

const MIB = 2 ** 20;
const SIZE = 8 * MIB;

/** A disk to read. */
export interface DamagedTable {
  readonly title: string;
  readonly make: () => Uint8Array;
  /** Offsets that cannot be read. */
  readonly fails?: readonly number[];
  /** In the order of their names, each as often as it is found. */
  readonly codes: readonly string[];
  readonly scheme: 'gpt' | 'mbr' | 'none';
  /** Numbers of the partitions that are shown, in order of their start. */
  readonly partitions: readonly number[];
  /** False where what the table divides cannot be known. */
  readonly isUsable?: boolean;
}

const TWO = [
  { first: 2048, last: 4095, type: EFI, name: 'boot' },
  { first: 4096, last: 8191, name: 'root' },
] as const;

const gptDisk = (): GuestBytes => new GuestBytes(SIZE).gpt(TWO);
const LAST = SIZE / 512 - 1;

function mbrDisk(): GuestBytes {
  return new GuestBytes(SIZE).bootRecord([
    { type: 0x83, start: 2048, sectors: 2048 },
    { type: 0x05, start: 4096, sectors: 8192 },
  ]);
}

export const DAMAGED_TABLES: readonly DamagedTable[] = [
  { title: 'a whole GPT', make: () => gptDisk().bytes, codes: [], scheme: 'gpt', partitions: [1, 2] },
  {
    title: 'a primary header whose checksum is wrong',
    make: () => gptDisk().u64(512 + 40, 99).bytes,
    codes: ['GUEST_GPT_HEADER_DAMAGED'],
    scheme: 'gpt',
    partitions: [1, 2],
  },
  {
    title: 'a backup header that was overwritten',
    make: () => gptDisk().put(LAST * 512, new Uint8Array(512)).bytes,
    codes: ['GUEST_GPT_HEADER_DAMAGED'],
    scheme: 'gpt',
    partitions: [1, 2],
  },
  {
    title: 'both headers overwritten',
    make: () =>
      gptDisk()
        .put(512, new Uint8Array(512))
        .put(LAST * 512, new Uint8Array(512)).bytes,
    codes: ['GUEST_GPT_HEADER_DAMAGED', 'GUEST_GPT_HEADER_DAMAGED'],
    scheme: 'gpt',
    partitions: [],
    isUsable: false,
  },
  {
    title: 'a primary list of partitions with a flipped bit',
    make: () => gptDisk().put(2 * 512 + 60, Uint8Array.of(1)).bytes,
    codes: ['GUEST_GPT_ENTRIES_DAMAGED'],
    scheme: 'gpt',
    partitions: [1, 2],
  },
  {
    title: 'a list of partitions that claims gigabytes',
    make: () =>
      gptDisk()
        .u32(512 + 80, 0xffff_ffff)
        .sealHeader(1).bytes,
    codes: ['GUEST_GPT_ENTRIES_DAMAGED'],
    scheme: 'gpt',
    partitions: [1, 2],
  },
  {
    title: 'copies that differ',
    make: () =>
      gptDisk().gptCopy(TWO.slice(0, 1), { sector: LAST, other: 1, list: LAST - 32, end: LAST }).bytes,
    codes: ['GUEST_GPT_COPIES_DIFFER'],
    scheme: 'gpt',
    partitions: [1, 2],
  },
  {
    title: 'a disk that has grown',
    make: () => new GuestBytes(SIZE).gpt(TWO, { end: 10_000 }).bytes,
    codes: ['GUEST_GPT_BACKUP_MISPLACED'],
    scheme: 'gpt',
    partitions: [1, 2],
  },
  {
    title: 'a disk that has grown and lost its primary list',
    make: () => new GuestBytes(SIZE).gpt(TWO, { end: 10_000 }).put(1024, new Uint8Array(512)).bytes,
    codes: ['GUEST_GPT_BACKUP_MISPLACED', 'GUEST_GPT_ENTRIES_DAMAGED'],
    scheme: 'gpt',
    partitions: [1, 2],
  },
  {
    title: 'a disk that was cut',
    make: () => gptDisk().bytes.slice(0, 3 * MIB),
    codes: ['GUEST_GPT_HEADER_DAMAGED', 'GUEST_PARTITION_PAST_END'],
    scheme: 'gpt',
    partitions: [1, 2],
  },
  {
    title: 'a GPT without its protective boot record',
    make: () => gptDisk().put(0, new Uint8Array(512)).bytes,
    codes: ['GUEST_GPT_NO_PROTECTIVE_MBR'],
    scheme: 'gpt',
    partitions: [1, 2],
  },
  {
    title: 'a boot record over an older GPT',
    make: () => gptDisk().bootRecord([{ type: 0x83, start: 2048, sectors: 2048 }]).bytes,
    codes: ['GUEST_GPT_IGNORED'],
    scheme: 'mbr',
    partitions: [1],
  },
  {
    title: 'a hybrid boot record',
    make: () =>
      gptDisk().bootRecord([
        { type: 0xee, start: 1, sectors: 2047 },
        { type: 0xef, start: 2048, sectors: 2048 },
      ]).bytes,
    codes: ['GUEST_GPT_HYBRID_MBR'],
    scheme: 'gpt',
    partitions: [1, 2],
  },
  {
    title: 'partitions that overlap',
    make: () => new GuestBytes(SIZE).gpt([...TWO, { first: 4000, last: 5000 }]).bytes,
    codes: ['GUEST_PARTITIONS_OVERLAP'],
    scheme: 'gpt',
    partitions: [1, 3, 2],
  },
  {
    title: 'an entry that ends before it begins',
    make: () => new GuestBytes(SIZE).gpt([...TWO, { first: 9000, last: 8999 }]).bytes,
    codes: ['GUEST_PARTITION_INVALID'],
    scheme: 'gpt',
    partitions: [1, 2],
  },
  {
    title: 'a boot record with an entry at sector 0',
    make: () =>
      new GuestBytes(SIZE).bootRecord([
        { type: 0x83, start: 0, sectors: 100 },
        { type: 0x83, start: 2048, sectors: 100 },
      ]).bytes,
    codes: ['GUEST_PARTITION_INVALID'],
    scheme: 'mbr',
    partitions: [2],
  },
  {
    title: 'an extended partition whose boot record has no signature',
    make: () => mbrDisk().bytes,
    codes: ['GUEST_EBR_BROKEN'],
    scheme: 'mbr',
    partitions: [1, 2],
  },
  {
    title: 'extended boot records in a loop',
    make: () =>
      mbrDisk().bootRecord(
        [
          { type: 0x83, start: 64, sectors: 128 },
          { type: 0x05, start: 0, sectors: 1 },
        ],
        { at: 4096 * 512 },
      ).bytes,
    codes: ['GUEST_EBR_BROKEN'],
    scheme: 'mbr',
    partitions: [1, 2, 5],
  },
  {
    title: 'an extended boot record outside of its partition',
    make: () =>
      mbrDisk().bootRecord(
        [
          { type: 0x83, start: 64, sectors: 128 },
          { type: 0x05, start: 9000, sectors: 1 },
        ],
        { at: 4096 * 512 },
      ).bytes,
    codes: ['GUEST_EBR_BROKEN'],
    scheme: 'mbr',
    partitions: [1, 2, 5],
  },
  {
    title: 'more logical partitions than are shown',
    make() {
      const disk = new GuestBytes(SIZE).bootRecord([{ type: 0x05, start: 2048, sectors: 8192 }]);
      for (let i = 0; i < 300; i++) {
        const link = { type: 0x05, start: (i + 1) * 8, sectors: 8 };
        disk.bootRecord([{ type: 0x83, start: 1, sectors: 7 }, link], { at: (2048 + i * 8) * 512 });
      }
      return disk.bytes;
    },
    codes: ['GUEST_PARTITIONS_TOO_MANY'],
    scheme: 'mbr',
    partitions: [1, ...Array.from({ length: 252 }, (_, i) => i + 5)],
  },
  {
    title: 'a file system that is larger than its partition',
    make: () => gptDisk().ext4(4096 * 512, { blocks: 4096 }).bytes,
    codes: ['GUEST_FILE_SYSTEM_TOO_LARGE'],
    scheme: 'gpt',
    partitions: [1, 2],
  },
  {
    title: 'a file system that is larger than the disk',
    make: () => new GuestBytes(MIB).ext4(0, { blocks: 4096 }).bytes,
    codes: ['GUEST_FILE_SYSTEM_TOO_LARGE'],
    scheme: 'none',
    partitions: [],
  },
  {
    title: 'a list of partitions that cannot be read',
    make: () => gptDisk().bytes,
    fails: [3 * 512],
    codes: ['GUEST_GPT_ENTRIES_DAMAGED', 'GUEST_NOT_READ'],
    scheme: 'gpt',
    partitions: [1, 2],
  },
  {
    title: 'a disk whose first sectors cannot be read',
    make: () => new GuestBytes(SIZE).bytes,
    fails: [0],
    codes: ['GUEST_NOT_READ'],
    scheme: 'none',
    partitions: [],
    isUsable: false,
  },
];
