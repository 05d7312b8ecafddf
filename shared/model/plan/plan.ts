/** What a commit, rebase or deletion would do. Nothing of it is done. Sizes and offsets are bytes. Plain values only. */
import type { ExtentState } from '../../extent/flags.ts';
import type { Finding } from '../finding.ts';

/**
 * How a commit is carried out: by qemu-img on images that nothing has open, by a job of a running qemu on layers below
 * the top one (live), or by a job of a running qemu on the top layer (active).
 */
export const PLAN_JOBS = ['qemu-img', 'live', 'active'] as const;

/** One of {@link PLAN_JOBS}. */
export type PlanJob = (typeof PLAN_JOBS)[number];

/** What can be planned. */
export const PLAN_OPERATIONS = ['commit', 'rebase', 'flatten', 'drop', 'delete-snapshot'] as const;

/** One of {@link PLAN_OPERATIONS}. */
export type PlanOperation = (typeof PLAN_OPERATIONS)[number];

/** A version of qemu. Without `patch`, the last of its series. */
export interface PlannedQemu {
  readonly major: number;
  readonly minor: number;
  readonly patch?: number;
}

/** What to plan. Layers are named by number, 0 = base, or by a file of the chain. */
export interface PlanChoice {
  readonly operation: PlanOperation;
  readonly job: PlanJob;
  /**
   * The topmost layer that is committed, the one that is rebased or flattened, or the one that is dropped. Default: the
   * top; for a live commit and for a drop the layer below it.
   */
  readonly from?: string | undefined;
  /** The layer that a commit goes into; default: the one below. */
  readonly into?: string | undefined;
  /** The layer that a rebase goes onto. */
  readonly base?: string | undefined;
  /** A rebase changes the link alone. */
  readonly unsafe?: boolean | undefined;
  /** The internal snapshot to delete, by id or name. */
  readonly snapshot?: string | undefined;
  /** The disk is attached with `discard=unmap`; qemu-img always works so. Default false. */
  readonly unmaps?: boolean | undefined;
  /** Read all data that the plan depends on, however much there is; default: 64 MiB at most. */
  readonly readsAllData?: boolean | undefined;
  /** Default: the version of the installed qemu-img, or 7.2. */
  readonly qemu?: PlannedQemu | undefined;
}

/**
 * What a layer is in a plan: `target` is the one that is written to, `committed` layers go into it, and it rests on
 * `dropped` layers no more. `above` and `below` stay as they are.
 */
export type PlanRole = 'below' | 'target' | 'committed' | 'dropped' | 'above';

/** One layer of the chain. */
export interface PlannedLayer {
  readonly index: number;
  /** Untrusted text. */
  readonly name: string;
  readonly path: string;
  readonly format: string;
  /** Virtual size. */
  readonly size: number;
  readonly role: PlanRole;
  /** True from the first write to the target on: who reads through this layer reads a mixture of old and new. */
  readonly becomesInvalid: boolean;
}

/**
 * What happens to a range of the target. `compared`: qemu compares what is read before and after, and copies what
 * differs. `changed`: nothing is copied, and something else may be read there afterwards.
 */
export type PlanEffect = 'kept' | 'allocated' | 'overwritten' | 'zeros' | 'compared' | 'changed';

/** All ranges in which the same layers hold something, from the target to the top of the commit. */
export interface PlanCase {
  /** Layers that hold data or zeros here, base first; none where all leave it to the layers below. */
  readonly holders: readonly number[];
  /** The layer whose content the target gets, null where it keeps its own. */
  readonly owner: number | null;
  readonly effect: PlanEffect;
  readonly bytes: number;
}

/** A target's file after a job: bounds, equal where `exact`. */
export interface TargetSpace {
  /** Where the last cluster in use ends, at most: `image-end-offset` of qemu-img check. */
  readonly imageEnd: number;
  readonly imageEndAtLeast: number;
  /** Length of the file, at most. */
  readonly fileLength: number;
  readonly fileLengthAtLeast: number;
  /** True where both are what they will be to the byte. */
  readonly exact: boolean;
  /** Why they are bounds; empty where `exact`. */
  readonly why: readonly string[];
  /** Every size that the file can come to, ascending: one where `exact`, none where not all are known. */
  readonly possible: readonly PossibleSize[];
}

/** A size that a target's file can come to, in bytes. */
export interface PossibleSize {
  readonly imageEnd: number;
  readonly fileLength: number;
  /** A qemu can come to it that took no clusters of the target since it opened it: qemu-img opens it for the job. */
  readonly justOpened: boolean;
}

/** The target and its file. */
export interface PlannedTarget extends TargetSpace {
  readonly layer: number;
  readonly path: string;
  readonly sizeBefore: number;
  readonly sizeAfter: number;
  readonly imageEndBefore: number;
  readonly fileLengthBefore: number;
  /** Bytes of bitmaps that stay in the file. */
  readonly bitmapBytes: number;
  /** Its file is a block device, whose length stays as it is. */
  readonly device: boolean;
  /**
   * What a volume needs that holds the target, before, after and on the way, at most and at least; and the largest size of
   * its file on the way.
   */
  readonly volumeSize: number;
  readonly volumeSizeAtLeast: number;
  readonly peak: number;
  /** Clusters for data and for tables that are taken, and clusters that are given back. */
  readonly newClusters: number;
  readonly newTables: number;
  readonly freedClusters: number;
}

/** The commit of one layer. */
export interface PlannedStep {
  readonly layer: number;
  /** What it copies, and so what is copied again at most after an abort in this step. */
  readonly bytesCopied: number;
  /** Layers that read old and new data mixed from the first write of this step on. */
  readonly invalidates: readonly number[];
}

/** The same commit one layer at a time, the lowest first. */
export interface StepwisePlan {
  readonly bytesCopied: number;
  readonly steps: readonly PlannedStep[];
  /** What is copied again at most after an abort: the largest step. In one pass it is everything. */
  readonly repeatedAtMost: number;
  /**
   * Lines for a POSIX shell that do it so. Absent for one layer, for a running qemu, and where a layer is smaller than one
   * below it: old data would show in between.
   */
  readonly commands?: readonly string[];
}

/** A range of the target before and after, in the states of shared/extent/flags.ts. */
export interface PlannedRange {
  readonly start: number;
  readonly length: number;
  readonly before: ExtentState;
  readonly after: ExtentState;
  /** Something is written here, or may be where the plan's numbers are bounds. */
  readonly written: boolean;
}

/** The target's disk in columns, before and after: in each the state that holds most of it, stored ones first. */
export interface PlanStrip {
  /** Bytes of a column. */
  readonly span: number;
  readonly before: readonly ExtentState[];
  readonly after: readonly ExtentState[];
  /** Something is written in the column. */
  readonly written: readonly boolean[];
}

/** A plan. */
export interface Plan {
  readonly operation: PlanOperation;
  /** The internal snapshot that is deleted. Untrusted text. */
  readonly snapshot?: { readonly id: string; readonly name: string };
  readonly job: PlanJob;
  /** The version of qemu that was planned for, and how it came to be known. */
  readonly qemuVersion: string;
  readonly qemuVersionSource: 'given' | 'machine' | 'assumed';
  /** Base first. */
  readonly layers: readonly PlannedLayer[];
  /** Data written to the target, at most; exactly that where `bytesCopiedExact`. */
  readonly bytesCopied: number;
  readonly bytesCopiedExact: boolean;
  /** Zeros that are written as data among it, and zeros that are stored as such. */
  readonly zerosAsData: number;
  readonly bytesZeroed: number;
  /** Zeros behind the old end of a target that grows, so that nothing below shows there. They are in no other number. */
  readonly growthZeros: number;
  /** Only of a commit. */
  readonly stepwise?: StepwisePlan;
  /** By bytes, most first. */
  readonly cases: readonly PlanCase[];
  readonly target: PlannedTarget;
  /** Sentences. */
  readonly abort: readonly string[];
  readonly hazards: readonly Finding[];
  /** Lines for a POSIX shell, to be read before they are run. */
  readonly commands: readonly string[];
  /** Of a job of a running qemu: the same as QMP commands, for a qemu that libvirt does not run. */
  readonly qmp?: readonly string[];
  /** Absent where nothing of the disk is written. */
  readonly strip?: PlanStrip;
  /** Ranges of the target, where they were asked for. Of a rebase: where it may be written to. */
  readonly ranges?: readonly PlannedRange[];
}

/** Another image that names a file of the chain as its backing file. */
export interface OtherChild {
  readonly path: string;
  /** The layer that it rests on, as on its backing file or through other images. */
  readonly layer: number;
}
