/**
 * A chain and its layers as data: what discovery found, what the command line prints and what the window shows.
 * Plain values only: it crosses threads, processes and JSON unchanged.
 */
import type { ErrorRecord } from '../error.ts';
import type { AllocationReply } from './allocation.ts';
import type { Finding } from './finding.ts';
import type { Inference } from './inference.ts';

/** Image formats that are recognized. Only qcow2, qcow and raw can be layers of a drawn chain. */
export type ImageFormat =
  | 'qcow2'
  | 'qcow'
  | 'raw'
  | 'vmdk'
  | 'vdi'
  | 'vhdx'
  | 'vhd'
  | 'luks'
  | 'parallels'
  | 'qed'
  | 'iso'
  | 'dmg'
  | 'bochs'
  | 'cloop'
  | 'nbd';

/** How the format of a layer came to be known. */
export type FormatSource = 'magic' | 'recorded' | 'given' | 'assumed' | 'inferred';

/** How the link from a layer to its backing file was resolved. */
export type LinkStatus =
  /** The backing file was opened. */
  | 'opened'
  /** Nothing is recorded: this is the base. */
  | 'none'
  /** The file does not exist or cannot be opened. */
  | 'missing'
  /** Policy wants the person's consent before the file is opened. */
  | 'needsConsent'
  /** Opening it would make a loop or exceed the depth limit. */
  | 'cut'
  /** A protocol or a form that is never followed. */
  | 'refused';

/** The link from a layer to the one below it. */
export interface BackingLink {
  /** As recorded in the image, bytes decoded as UTF-8. Untrusted text. Empty when nothing is recorded. */
  readonly recorded: string;
  /** Format recorded beside it, empty when none is. */
  readonly recordedFormat: string;
  /** Absolute path it resolves to, empty when it does not name a file. */
  readonly resolved: string;
  readonly status: LinkStatus;
  /** Why, for every status but opened and none. */
  readonly error?: ErrorRecord;
  /** A file of that name in a folder of the image itself, where the recorded one does not exist. It is not opened. */
  readonly beside?: string;
  /** True where a person chose the file, for this session, in place of the recorded one. */
  readonly located?: boolean;
  /** How to record a plain link; absent where the link is plain already, and where that is not known. It is never run. */
  readonly fix?: LinkFix;
}

/** How to record a backing link again. Texts are untrusted. */
export interface LinkFix {
  /** The name to record: a plain one where the file lies beside the image. */
  readonly backing: string;
  readonly format: string;
  /** The whole command, quoted for a shell; it works in any folder. */
  readonly command: string;
}

/** A dirty bitmap of a layer. */
export interface BitmapInfo {
  readonly name: string;
  /** Bytes of the guest covered by one bit. */
  readonly granularity: number;
  /** Not saved cleanly: what it holds cannot be trusted. */
  readonly inUse: boolean;
  /** Recording when the image is in use (flag auto). */
  readonly enabled: boolean;
  /** Why it cannot be used; absent when it can. */
  readonly unusable?: string;
}

/** An internal snapshot of a layer. */
export interface SnapshotInfo {
  readonly id: string;
  readonly name: string;
  /** Virtual size of the disk when the snapshot was taken, in bytes. */
  readonly diskSize: number;
  readonly vmStateSize: number | bigint;
  /** Unix seconds, and nanoseconds within that second. */
  readonly date: number;
  readonly dateNanoseconds: number;
  /** Running time of the guest in nanoseconds (good to a microsecond above 104 days). */
  readonly vmClock: number | bigint;
  /** Instruction count, absent where none was recorded. */
  readonly icount?: number | bigint;
}

/** The snapshot of that id or, where none has it, of that name; the first one where several do. */
export function findSnapshot<S extends { readonly id: string; readonly name: string }>(
  snapshots: readonly S[],
  wanted: string,
): S | undefined {
  return snapshots.find(({ id }) => id === wanted) ?? snapshots.find(({ name }) => name === wanted);
}

/** What a qcow2 header says, in the words of qemu-img info. */
export interface Qcow2Info {
  readonly version: number;
  readonly clusterSize: number;
  readonly extendedL2: boolean;
  readonly refcountBits: number;
  readonly compressionType: 'zlib' | 'zstd' | 'unknown';
  readonly lazyRefcounts: boolean;
  readonly dirty: boolean;
  readonly corrupt: boolean;
  readonly encryption: 'none' | 'aes' | 'luks' | 'unknown';
  /** External data file as recorded, empty when there is none. */
  readonly dataFile: string;
  readonly dataFileRaw: boolean;
  readonly snapshots: readonly SnapshotInfo[];
  readonly bitmaps: readonly BitmapInfo[];
  /** What qemu-img info does not say. */
  readonly details?: Qcow2Details;
}

/** Where a table lies in an image's file, in bytes. */
export interface FileRegion {
  readonly name: string;
  readonly offset: number;
  readonly length: number;
}

/** The parts of a qcow2 image beyond qemu-img info. Texts are untrusted. */
export interface Qcow2Details {
  readonly headerLength: number;
  /** Virtual size as stored, a bigint above 2^53 - 1; qemu and we cut it to whole sectors. */
  readonly storedSize: number | bigint;
  /** Set feature bits by the image's own names, `bit N` where it has none. */
  readonly incompatible: readonly string[];
  readonly compatible: readonly string[];
  readonly autoclear: readonly string[];
  /** Header extensions in file order; `type` in hexadecimal, `name` is `unknown` for those we do not know. */
  readonly extensions: readonly {
    readonly type: string;
    readonly name: string;
    readonly offset: number;
    readonly length: number;
  }[];
  /** In file order. */
  readonly tables: readonly FileRegion[];
  /** Absent where it was not asked for. */
  readonly space?: AllocationReply;
}

/** One layer of a chain. */
export interface LayerInfo {
  /** 0 is the base. */
  readonly index: number;
  /** Short name to show: the file's name, or the export's. Untrusted text. */
  readonly name: string;
  /** Absolute path, or the URI. */
  readonly path: string;
  readonly format: ImageFormat;
  readonly formatSource: FormatSource;
  /** Virtual size in bytes. */
  readonly size: number;
  /** Length of the file in bytes, and host bytes it occupies; -1 where unknown. */
  readonly fileSize: number;
  readonly allocatedSize: number;
  /** When the file was last changed, in milliseconds since 1970; absent where that is not known, as of a device. */
  readonly modified?: number;
  /** Unit of allocation in bytes: the qcow2 cluster size; 1 for raw and remote layers. */
  readonly clusterSize: number;
  readonly backing: BackingLink;
  /** The link to the external data file; absent when the image has none. It is never opened without consent. */
  readonly dataFile?: BackingLink;
  readonly qcow2?: Qcow2Info;
  /** The internal snapshot that is shown in place of the active disk; `size` is then that of the snapshot. */
  readonly snapshot?: SnapshotInfo;
  /** Where its header or L1 table is lost: what was inferred to read it. */
  readonly inference?: Inference;
  /** What should be known about how this layer is read or shown, one sentence each. What is wrong with it is a finding. */
  readonly notes: readonly string[];
}

/** The most that reading a chain's tables can take. */
export interface ChainEstimate {
  /** Extents of all layers that have extent tables; fewer where neighbors are alike. */
  readonly extents: number;
  /** Memory for them, in bytes, of one witness. */
  readonly bytes: number;
}

/** A capture: the tables of a chain in one file, without its data. Texts are untrusted. */
export interface CaptureInfo {
  /** Absolute path of the capture. */
  readonly path: string;
  /** When it was made, in milliseconds since 1970. */
  readonly created: number;
  /** Name and version of the program that made it. */
  readonly tool: string;
  /** Version of qemu-img on the machine it was made on; empty where there was none. */
  readonly qemu: string;
  /** Names of files, snapshots and bitmaps are replaced by tokens. */
  readonly redacted: boolean;
}

/** Most layers of a chain: a longer one is cut, with a finding. qemu itself gives up at a similar depth. */
export const MAX_LAYERS = 200;

/** A chain from base (index 0) to top. At least one layer, at most {@link MAX_LAYERS}. */
export interface ChainInfo {
  readonly layers: readonly LayerInfo[];
  /** The guest's axis: the virtual size of the top layer. */
  readonly size: number;
  /** False where the lowest layer names a backing file that could not be opened. */
  readonly complete: boolean;
  /** Absent where no layer has tables that could be counted. */
  readonly estimate?: ChainEstimate;
  /** The capture that the chain is read from; absent for files themselves. */
  readonly capture?: CaptureInfo;
  readonly notes: readonly string[];
  /** What headers, directories, links and sizes show, ranked; what is found while reading tables comes later. */
  readonly findings: readonly Finding[];
}
