/**
 * What a guest keeps on its disk, as far as partition tables and the first sectors of file systems tell. It is read through
 * the chain, only when a person asked for it: names and labels are the guest's data, and untrusted text.
 */
import type { Finding, Range } from '../finding.ts';

/** Most partitions of a disk that are listed: Linux takes no more (DISK_MAX_PARTS of linux/genhd.h). */
export const MAX_PARTITIONS = 256;

/** How a disk is divided: by a GUID partition table, by a master boot record, or not at all. */
export type PartitionScheme = 'gpt' | 'mbr' | 'none';

/** What a partition, or a disk without a partition table, holds by its signature. */
export interface GuestContent {
  /** As blkid(8) names it, such as `ext4`, `LVM2_member` or `swap`. */
  readonly type: string;
  /** Empty where it has none or where it lies in no fixed place. Untrusted text. */
  readonly label: string;
  /** UUID or serial number, written as blkid does; empty where it has none. Untrusted text. */
  readonly uuid: string;
  /** Types of other signatures that were found: what an earlier use left behind, or what lies inside of a container. */
  readonly also: readonly string[];
  /** Bytes that it says it covers; absent where the signature does not tell. */
  readonly size?: number;
}

/** What is known of the content of a range. */
export interface ProbedRange {
  /** Absent where no known signature was found. */
  readonly content?: GuestContent;
  /** Why some of the places where signatures lie could not be read; absent where all were. Untrusted text. */
  readonly unread?: string;
}

/** One partition. */
export interface GuestPartition extends ProbedRange {
  /** As Linux counts: the index of a GPT entry + 1; 1 to 4 in a master boot record, logical partitions from 5 on. */
  readonly number: number;
  readonly kind: 'gpt' | 'primary' | 'extended' | 'logical';
  /** In bytes of the guest's disk, as recorded: it may reach past the end of the disk. */
  readonly start: number;
  readonly length: number;
  /** The type as it is recorded: a GUID in lower case, or `0x` and two digits. */
  readonly type: string;
  /** What that type stands for; empty for one that is not known here. */
  readonly typeName: string;
  /** The name in a GPT; empty elsewhere. Untrusted text. */
  readonly name: string;
  /** PARTUUID of Linux: the GUID of the partition, or the disk's signature and the number; empty where there is none. */
  readonly uuid: string;
}

/** What was read of the guest's disk. Plain values only. */
export interface GuestDisk {
  /** Bytes. */
  readonly size: number;
  readonly scheme: PartitionScheme;
  /** Bytes of a logical sector, in which tables count, and how that is known. */
  readonly sectorSize: number;
  readonly sectorSizeFrom: 'table' | 'signatures' | 'assumed';
  /** GUID of the disk, or its 32-bit signature as 8 digits; empty where there is none. */
  readonly diskId: string;
  /** False where there is a table and no copy of it can be used: what it divides is then not known. */
  readonly isUsable: boolean;
  /** In order of their start, at most {@link MAX_PARTITIONS}. */
  readonly partitions: readonly GuestPartition[];
  /** Ranges of the disk that no partition has, in order; of a disk without a usable table none. */
  readonly gaps: readonly Range[];
  /** What the disk holds without a table, or in spite of one (a hybrid ISO image). */
  readonly whole: ProbedRange;
  /** Notes about tables and file systems. They say nothing of the image files. */
  readonly findings: readonly Finding[];
}
