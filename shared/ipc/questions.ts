/**
 * Every question a front may ask of an open chain: its name, its arguments and its reply.
 *
 * The window's calls `chain:NAME`, `ChainSession.ask` and the engine's table of answers are derived from this list, so a
 * new question is three edits: a line here, a schema of its arguments in schemas.ts, and an answer in
 * electron/engine/questions/answers.ts. Forgetting one of the last two does not compile. Nothing but the names exists at
 * run time, so that the preload stays small.
 */
import type { AllocationReply } from '../model/allocation.ts';
import type { BitmapMarks, BitmapSums } from '../model/bitmap/bitmap-marks.ts';
import type { CheckCost, CheckReply, CheckStep } from '../model/check.ts';
import type { ContextSelection } from '../model/context.ts';
import type {
  FindingCount,
  FindingFilter,
  FindingMarks,
  FindingPage,
  FindingPlace,
} from '../model/finding.ts';
import type { Inspection } from '../model/inspection.ts';
import type {
  HostCluster,
  HostKind,
  HostLayoutReply,
  HostRunsReply,
  HostTilesReply,
} from '../model/layout.ts';
import type { PlaceFilter, PlaceOrder, PlacePage } from '../model/place.ts';
import type { MapTotals, SeekKind, TrackBytes, TrackStatistics } from '../model/statistics.ts';
import type { TileColumns } from '../model/tile.ts';
import type { ExtentDetails, LayerRange, TrackExtents } from '../model/track.ts';
import { exchange, namesOf } from './declare.ts';

/** Most exact extents (all tracks together) that one reply to `extents` holds. */
export const MAX_EXACT_EXTENTS = 4096;
/** Most tiles that one `tiles` question asks for; a reply holds fewer where more would pass 1 MiB. */
export const MAX_TILES_PER_CALL = 8;

/** Tiles `first` to `first + count - 1`, of columns of 2**level bytes; tile i covers columns [i*256, (i+1)*256). */
export interface TilesRequest {
  readonly level: number;
  readonly first: number;
  readonly count: number;
}

/** Tiles of every track. `version` grows whenever anything was read; a tile asked at an older version may be stale. */
export interface TilesReply {
  readonly level: number;
  readonly version: number;
  readonly tiles: readonly TileColumns[];
}

/** Exact extents of every track, or `tooMany` when there are more than MAX_EXACT_EXTENTS: use tiles then. */
export type ExtentsReply =
  | { readonly tooMany: true; readonly version: number }
  | {
      readonly tooMany: false;
      readonly version: number;
      readonly end: number;
      readonly tracks: readonly TrackExtents[];
    };

/** Most extents that one question about details names: each is looked up in the tables of its image. */
export const MAX_DETAILED_EXTENTS = 256;

/** Guest offsets from `start` up to and without `end`, in bytes. */
export interface GuestRange {
  readonly start: number;
  readonly end: number;
}

/** A search on one track. Only extents that start after `from` (before it, where backwards) count: -1 finds one at 0. */
export interface SeekRequest {
  readonly track: number;
  readonly from: number;
  readonly backwards: boolean;
  readonly kind: SeekKind;
}

/** One layer alone, by its index; without it the whole chain. */
export interface LayerChoice {
  readonly layer?: number | undefined;
}

/** Most runs in one reply to `guestRuns`. */
export const MAX_GUEST_RUNS = 32_768;

/** Runs of what the guest reads, from `start` on. With `layer` as if that layer were the top of the chain. */
export interface GuestRunsRequest extends LayerChoice {
  readonly start: number;
}

/** Runs up to `end`, ascending and without gaps; the next ones begin there. Neighbors may be of one kind. */
export interface GuestRunsReply {
  readonly end: number;
  readonly starts: Float64Array;
  /** What is read, without marks: states and DAMAGED. Past the end of a layer nothing is stored. */
  readonly words: Uint32Array;
  /** The layer that decides, -1 where nothing is stored. */
  readonly owners: Int16Array;
  /** Host offset of the first byte, -1 where there is none; it runs on to the end of the run. */
  readonly hosts: Float64Array;
}

/** A question about the whole chain, as it is. */
export type NoArguments = Readonly<Record<never, never>>;

/** Most columns that one question about marks names: at one byte a layer and column. */
export const MAX_MARK_COLUMNS = 4096;

/** Most bitmaps that one reply about their marks holds: with all their columns they stay below 1 MiB. */
export const MAX_BITMAP_TRACKS = 128;

/** Most findings that one reply to `findings` holds: each is a few kilobytes at most. */
export const MAX_FINDINGS_PER_PAGE = 100;

/** The findings that a filter lets through, ranked, from number `skip` on. */
export interface FindingsRequest extends FindingFilter {
  readonly skip: number;
  readonly most: number;
  /** Compares everything that can be compared before the answer, reading what is missing for that. */
  readonly complete?: boolean;
}

/** The place after which the next finding is sought. The chain's length as layer stands for above the top. */
export interface NextFindingRequest extends FindingPlace {
  readonly backwards: boolean;
}

/** A place that a walk from finding to finding has come to: an offset of a track. */
export interface FindingNumberRequest {
  readonly track: number;
  readonly offset: number;
}

/** One layer's file, which {@link HostLayoutReply} says is mapped; other questions about it fail with LAYOUT_NO_TABLES. */
export interface HostLayer {
  readonly layer: number;
}

/** A layer whose image is checked; `deep`: all its data is read and decompressed, too. */
export interface CheckRequest {
  readonly layer: number;
  readonly deep?: boolean;
}

/** A search for the next run of a kind in a layer's file. Only runs that start after `from` (before it, backwards) count. */
export interface HostSeekRequest extends HostLayer {
  readonly kind: HostKind;
  readonly from: number;
  readonly backwards: boolean;
}

/** Most places that one reply to `places` holds: with the layers of the longest chain in each they stay below 1 MiB. */
export const MAX_PLACES_PER_PAGE = 200;

/** The places that a filter lets through, in an order, from number `skip` on. */
export interface PlacesRequest extends PlaceFilter {
  readonly order: PlaceOrder;
  readonly skip: number;
  readonly most: number;
}

/** A match of a search, to be numbered among all of its kind on its track. */
export interface MatchNumberRequest {
  readonly track: number;
  readonly offset: number;
  readonly kind: SeekKind;
}

/** The number of a match, from 1 (0 before the first), and how many there are. */
export interface MatchNumber {
  readonly number: number;
  readonly total: number;
}

const QUESTIONS = {
  tiles: exchange<TilesRequest, TilesReply>(),
  extents: exchange<GuestRange, ExtentsReply>(),
  /** Where extents lie in their files, and what was found there, in the order of the question. */
  extentDetails: exchange<{ readonly extents: readonly LayerRange[] }, readonly ExtentDetails[]>(),
  /** Everything known about one guest offset. Fails with OFFSET_OUTSIDE past the end of the disk. */
  inspect: exchange<{ readonly offset: number }, Inspection>(),
  statistics: exchange<GuestRange, readonly TrackStatistics[]>(),
  /** What each track holds in the range, and how much of it the guest reads. What is not read yet counts as such. */
  sums: exchange<GuestRange, readonly TrackBytes[]>(),
  /** The start of the next (or previous) extent of a kind, or -1. */
  seek: exchange<SeekRequest, number>(),
  /** What is read, with its owner and host offset, read from the tables each time. */
  guestRuns: exchange<GuestRunsRequest, GuestRunsReply>(),
  /** The number of the match of a search at an offset, or of the last one before it. */
  matchNumber: exchange<MatchNumberRequest, MatchNumber>(),
  /** Marked extents of the layers and ranges of bitmaps as one list. */
  places: exchange<PlacesRequest, PlacePage>(),
  /** Sums over the whole chain, or over one layer alone. */
  totals: exchange<LayerChoice, MapTotals>(),
  /** The values of an NBD context in ascending order, each with its bytes, as nbdinfo --totals counts them. */
  contextTotals: exchange<
    LayerChoice & { readonly selection: ContextSelection },
    readonly (readonly [value: number, bytes: number])[]
  >(),
  /** The whole axis in columns of `span` bytes, at most TILE_COLUMNS of them: one tile per track. */
  overview: exchange<LayerChoice & { readonly span: number }, readonly TileColumns[]>(),
  /** What was found so far. */
  findings: exchange<FindingsRequest, FindingPage>(),
  /** The same in numbers, by code, severity and layer. */
  findingCounts: exchange<NoArguments, readonly FindingCount[]>(),
  /** The next (or previous) place of a finding: by offset, at one offset from the top layer down. Notes are passed over. */
  nextFinding: exchange<NextFindingRequest, FindingPlace | null>(),
  /** The number of the place at which such a search has ended, among those of all findings and damaged ranges. */
  findingNumber: exchange<FindingNumberRequest, MatchNumber>(),
  /** Where findings touch each of so many columns of a range, for the layers that have any. Notes are passed over. */
  findingMarks: exchange<GuestRange & { readonly columns: number }, readonly FindingMarks[]>(),
  /** The same along a layer's file: where findings of the layer lie in it. */
  hostFindingMarks: exchange<
    HostLayer & GuestRange & { readonly columns: number },
    readonly FindingMarks[]
  >(),
  /** What each dirty bitmap says in each of so many columns of a range: the first MAX_BITMAP_TRACKS, from the top down. */
  bitmapMarks: exchange<GuestRange & { readonly columns: number }, readonly BitmapMarks[]>(),
  /** The sums of the same bitmaps over the whole disk. */
  bitmapSums: exchange<NoArguments, readonly BitmapSums[]>(),
  /** How a layer's image uses its file. Reads its tables: seconds for images of many TiB. */
  allocation: exchange<{ readonly layer: number }, AllocationReply>(),
  /** What a layer's file holds. Reads its tables once, and keeps what it came to for one layer at a time. */
  hostLayout: exchange<HostLayer, HostLayoutReply>(),
  /** Tiles of a layer's file. */
  hostTiles: exchange<HostLayer & TilesRequest, HostTilesReply>(),
  /** Runs of a layer's file that touch [start, end), or `tooMany` when there are more than MAX_EXACT_EXTENTS. */
  hostRuns: exchange<HostLayer & GuestRange, HostRunsReply>(),
  /** The start of the next (or previous) run of a kind in a layer's file, or -1. */
  hostSeek: exchange<HostSeekRequest, number>(),
  /** What refers to the cluster at an offset of a layer's file. Reads its tables. */
  hostCluster: exchange<HostLayer & { readonly offset: number }, HostCluster>(),
  /** Checks a layer's image: what is found is among the findings then. Reads its tables twice at most. */
  check: exchange<CheckRequest, CheckReply>(),
  /** What that reads: from the tables that name the tables, and where it is deep what the files hold on their disk. */
  checkCost: exchange<CheckRequest, CheckCost>(),
  /** Compares both witnesses wherever both have read; for each layer, base first, whether that was everywhere. */
  compareWitnesses: exchange<NoArguments, readonly CheckStep[]>(),
  /** Bytes that the check which began last has read so far. */
  checkProgress: exchange<NoArguments, CheckCost>(),
  /** Ends the check that is running: it fails with CANCELLED, and what was found before stays. */
  stopCheck: exchange<NoArguments, null>(),
};

/** The name of a question. */
export type QuestionName = keyof typeof QUESTIONS;
/** What a question is asked with. */
export type QuestionArgs<Q extends QuestionName> = (typeof QUESTIONS)[Q]['args'];
/** What it is answered with. */
export type QuestionReply<Q extends QuestionName> = (typeof QUESTIONS)[Q]['reply'];

/** Every question, by name. */
export const QUESTION_NAMES = namesOf(QUESTIONS);
