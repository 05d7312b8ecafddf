/** What the recorded types of partitions stand for. Types that are not listed are shown by their number alone. */

/** By GUID: UEFI 2.10 table 5.7, the Discoverable Partitions Specification, and what Microsoft and Apple document. */
const GPT_TYPES: ReadonlyMap<string, string> = new Map([
  ['c12a7328-f81f-11d2-ba4b-00a0c93ec93b', 'EFI system'],
  ['21686148-6449-6e6f-744e-656564454649', 'BIOS boot'],
  ['024dee41-33e7-11d3-9d69-0008c781f39f', 'MBR partition scheme'],
  ['0fc63daf-8483-4772-8e79-3d69d8477de4', 'Linux filesystem'],
  ['0657fd6d-a4ab-43c4-84e5-0933c84b4f4f', 'Linux swap'],
  ['e6d6d379-f507-44c2-a23c-238f2a3df928', 'Linux LVM'],
  ['a19d880f-05fc-4d3b-a006-743f0f84911e', 'Linux RAID'],
  ['ca7d7ccb-63ed-4c53-861c-1742536059cc', 'Linux LUKS'],
  ['bc13c2ff-59e6-4262-a352-b275fd6f7172', 'Linux extended boot'],
  ['4f68bce3-e8cd-4db1-96e7-fbcaf984b709', 'Linux root (x86-64)'],
  ['b921b045-1df0-41c3-af44-4c6f280d3fae', 'Linux root (ARM-64)'],
  ['933ac7e1-2eb4-4f13-b844-0e14e2aef915', 'Linux home'],
  ['ebd0a0a2-b9e5-4433-87c0-68b6b72699c7', 'Microsoft basic data'],
  ['e3c9e316-0b5c-4db8-817d-f92df00215ae', 'Microsoft reserved'],
  ['de94bba4-06d1-4d40-a16a-bfd50179d6ac', 'Windows recovery environment'],
  ['5808c8aa-7e8f-42e0-85d2-e1e90434cfb3', 'Microsoft LDM metadata'],
  ['af9b60a0-1431-4f62-bc68-3311714a69ad', 'Microsoft LDM data'],
  ['48465300-0000-11aa-aa11-00306543ecac', 'Apple HFS+'],
  ['7c3457ef-0000-11aa-aa11-00306543ecac', 'Apple APFS'],
  ['83bd6b9d-7f41-11dc-be0b-001560b84f0f', 'FreeBSD boot'],
  ['516e7cb6-6ecf-11d6-8ff8-00022d71712b', 'FreeBSD UFS'],
  ['516e7cba-6ecf-11d6-8ff8-00022d71712b', 'FreeBSD ZFS'],
  ['6a898cc3-1dd2-11b2-99a6-080020736631', 'Solaris /usr and Apple ZFS'],
]);

/** By number: the list that sfdisk(8) has, without what no guest of today writes. */
const MBR_TYPES: ReadonlyMap<number, string> = new Map([
  [0x01, 'FAT12'],
  [0x04, 'FAT16 below 32 MiB'],
  [0x05, 'Extended'],
  [0x06, 'FAT16'],
  [0x07, 'HPFS/NTFS/exFAT'],
  [0x0b, 'W95 FAT32'],
  [0x0c, 'W95 FAT32 (LBA)'],
  [0x0e, 'W95 FAT16 (LBA)'],
  [0x0f, 'W95 extended (LBA)'],
  [0x27, 'Hidden NTFS (recovery)'],
  [0x42, 'Windows dynamic disk'],
  [0x82, 'Linux swap'],
  [0x83, 'Linux'],
  [0x85, 'Linux extended'],
  [0x8e, 'Linux LVM'],
  [0xa5, 'FreeBSD'],
  [0xa6, 'OpenBSD'],
  [0xa9, 'NetBSD'],
  [0xaf, 'HFS/HFS+'],
  [0xbf, 'Solaris'],
  [0xee, 'GPT'],
  [0xef, 'EFI (FAT)'],
  [0xfb, 'VMware VMFS'],
  [0xfd, 'Linux RAID autodetect'],
]);

/** The name of a GPT type, given in lower case; empty where it is not known. */
export function gptTypeName(guid: string): string {
  return GPT_TYPES.get(guid) ?? '';
}

/** The name of a type of a master boot record; empty where it is not known. */
export function mbrTypeName(type: number): string {
  return MBR_TYPES.get(type) ?? '';
}
