/** A comparison of two disks as the guest reads them: two layers of a chain, two chains, a chain and its copy. */
import type { ErrorRecord } from '../error.ts';
import type { ExtentState } from '../extent/flags.ts';

/**
 * What a range of both disks is to each other, the gravest first:
 *
 *   content     what is read differs (known only where the content was compared)
 *   mayDiffer   one or both hold data, which was not compared
 *   unreadable  one or both could not be read
 *   length      past the end of the shorter disk, where the longer one reads as zeros
 *   state       the same is read, but it is stored otherwise, such as zeros and nothing stored
 *
 * What is none of these is the same in both.
 */
export const DIFFERENCE_KINDS = ['content', 'mayDiffer', 'unreadable', 'length', 'state'] as const;

/** See {@link DIFFERENCE_KINDS}. */
export type DifferenceKind = (typeof DIFFERENCE_KINDS)[number];

/** The state of one of the disks in a range. */
export interface ComparedState {
  /** outOfRange past the end of its disk. */
  readonly state: ExtentState;
  /** The layer that decides what is read; -1 where nothing is stored, and past the end. */
  readonly layer: number;
  /** What the layer held lies past the end of its file: it is lost, and qemu reads zeros. */
  readonly lost?: true;
}

/** A range of both disks that is not the same. */
export interface Difference {
  readonly start: number;
  readonly length: number;
  readonly kind: DifferenceKind;
  readonly a: ComparedState;
  readonly b: ComparedState;
}

/** Bytes of one kind, and the ranges that they lie in. */
export interface KindSum {
  readonly bytes: number;
  readonly ranges: number;
}

/** The sums of a comparison. The bytes of all kinds and `same` make up the longer disk once it has ended. */
export interface ComparisonSums {
  readonly same: number;
  readonly kinds: Readonly<Record<DifferenceKind, KindSum>>;
  /** Start of the first range whose content differs; -1 where there is none. */
  readonly firstContent: number;
}

/**
 * The outcome of a comparison: `incomplete` where anything could not be read or compared, `mayDiffer` where data was not
 * compared that decides it.
 */
export type ComparisonVerdict = 'same' | 'different' | 'mayDiffer' | 'incomplete';

/** What counts as different beside the data that is read. */
export interface VerdictRules {
  /** Disks that read the same and store it otherwise, or differ in length, are different. */
  readonly strict: boolean;
  readonly sizes: readonly [a: number, b: number];
}

/** The outcome that the sums of a finished comparison mean. */
export function verdictOfComparison(
  { kinds }: ComparisonSums,
  { strict, sizes }: VerdictRules,
): ComparisonVerdict {
  if (kinds.unreadable.bytes > 0) return 'incomplete';
  if (kinds.content.bytes > 0) return 'different';
  if (strict && (sizes[0] !== sizes[1] || kinds.state.bytes > 0)) return 'different';
  return kinds.mayDiffer.bytes > 0 ? 'mayDiffer' : 'same';
}

/** One disk of a comparison, for the window. */
export interface ComparedDiskInfo {
  readonly title: string;
  readonly size: number;
  /** Names of the layers from the base to the one that is taken for the top. */
  readonly layers: readonly string[];
  /** True where a backing file of it is not open, so that what is left to it is not known. */
  readonly incomplete: boolean;
  /** A file that it names and that is opened only with consent. */
  readonly asksFor?: string;
}

/** A comparison that has begun. */
export interface OpenedComparison {
  readonly comparisonId: number;
  readonly a: ComparedDiskInfo;
  readonly b: ComparedDiskInfo;
  /** Bytes of the longer disk. */
  readonly size: number;
}

/** How far a comparison is, and what it came to so far. Where content is compared, up to `at`, and as by the tables beyond. */
export interface ComparisonState {
  readonly phase: 'tables' | 'content' | 'ended' | 'cancelled' | 'failed';
  /** Bytes of the disk that this phase has passed. */
  readonly at: number;
  /** Bytes of content that were read, of both disks together, and the milliseconds that this took. */
  readonly read: number;
  readonly elapsedMs: number;
  readonly sums: ComparisonSums;
  /** Ranges of each kind that the list has: all of them, unless it ends at `listedTo`. */
  readonly listed: Readonly<Record<DifferenceKind, number>>;
  /** Bytes of content that would still have to be read to know everything. */
  readonly left: number;
  /** Where the list and the picture end, because there are too many ranges; -1 where they have them all. */
  readonly listedTo: number;
  /** Why something could not be read or compared, or why the comparison failed. */
  readonly errors: readonly ErrorRecord[];
}

/** Differences of some kinds, from number `skip` on. */
export interface DifferencesRequest {
  readonly kinds: readonly DifferenceKind[];
  readonly skip: number;
  readonly most: number;
}

/** Most differences in one page. */
export const MAX_DIFFERENCES = 1000;

/** A page of differences, and how many there are of these kinds so far. */
export interface DifferencePage {
  readonly rows: readonly Difference[];
  readonly total: number;
}

/** A search for the first difference that begins after `from`, or backwards the last that begins before it. */
export interface DifferenceSearch {
  readonly kinds: readonly DifferenceKind[];
  readonly from: number;
  readonly backwards: boolean;
}

/** A difference and its number among those of the kinds that were asked for. */
export interface NumberedDifference {
  readonly row: number;
  readonly total: number;
  readonly difference: Difference;
}

/** Tracks of a comparison: the two disks, and their differences. */
export const COMPARED_TRACKS = { a: 0, b: 1, difference: 2 } as const;
