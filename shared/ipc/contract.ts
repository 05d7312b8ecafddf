/**
 * The contract between the window and the main process: calls go from the window to main and are answered, pushes go
 * from main to the window. A message carries at most 1 MiB: a longer reply is refused with IPC_TOO_LARGE.
 *
 * The preload imports this file, so nothing here runs but the lists of names.
 */
import type { Arrival } from '../model/arrival.ts';
import type { OpenedChain } from '../model/chain.ts';
import type {
  ComparisonState,
  DifferencePage,
  DifferenceSearch,
  DifferencesRequest,
  NumberedDifference,
  OpenedComparison,
} from '../model/comparison.ts';
import type { FindingSummary } from '../model/finding.ts';
import type { GuestDisk } from '../model/guest/guest-disk.ts';
import type { NbdExportInfo } from '../model/nbd-export.ts';
import type { PlanChoice } from '../model/plan/plan.ts';
import type { PlanReply } from '../model/plan/plan-picture.ts';
import type { LayerProgress } from '../model/progress.ts';
import type { CaptureProgress, CaptureSummary } from '../model/report/capture-summary.ts';
import type { ReportProgress, ReportRequest, SavedReport } from '../model/report/report-request.ts';
import type {
  ArrangedFiles,
  StoreFindingPage,
  StoreRowInfo,
  StoreSummary,
} from '../model/store/store-page.ts';
import type { Consent, OpenTarget, RecentTarget } from '../model/target.ts';
import type { TrackInfo } from '../model/track.ts';
import type { Result } from '../result.ts';
import { type Exchange, exchange, namesOf, notice } from './declare.ts';
import {
  type ExtentsReply,
  type GuestRange,
  QUESTION_NAMES,
  type QuestionArgs,
  type QuestionName,
  type QuestionReply,
  type TilesReply,
  type TilesRequest,
} from './questions.ts';

/** A theme of the window; `system` is what the desktop has. */
export type Theme = 'system' | 'light' | 'dark';

/** What the window needs to know at start. */
export interface AppState {
  readonly version: string;
  readonly platform: string;
  readonly recent: readonly RecentTarget[];
  readonly samples: readonly { readonly name: string; readonly files: readonly string[] }[];
  /** Sentences to show to the person, each once. */
  readonly notices?: readonly string[];
  /** What came for the window, where it asks for the first time since it began; what comes later is pushed. */
  readonly arrival?: Arrival;
}

/** Which open chain a call is about. */
export interface OfSession {
  readonly sessionId: number;
}

/** Which comparison a call is about. */
export interface OfComparison {
  readonly comparisonId: number;
}

/** What to compare: the open chain, or one of its layers with what lies below it, with something else. */
export interface CompareRequest extends OfSession {
  readonly layer?: number;
  readonly other:
    | { readonly kind: 'layer'; readonly layer: number }
    | { readonly kind: 'target'; readonly target: OpenTarget; readonly consent: Consent };
}

/** Calls that are no question about an open chain: name to argument and reply. */
const PLAIN_CALLS = {
  'app:state': exchange<undefined, AppState>(),
  'app:clearRecent': exchange<undefined, null>(),
  /** The theme that the person chose: what the system draws, such as menus, follows it. */
  'app:theme': exchange<{ theme: Theme }, null>(),
  /** For a bug report: versions, the system and the log, without a name of anything that was opened. */
  'app:diagnostics': exchange<undefined, string>(),
  /** Shows the open dialog; an empty list means cancelled. */
  'dialog:openFiles': exchange<undefined, readonly string[]>(),
  /** Shows the dialog that chooses folders; an empty list means cancelled. */
  'dialog:openFolders': exchange<undefined, readonly string[]>(),
  /** Scans folders. One scan is kept: another one, or 'store:close', ends it. */
  'store:open': exchange<{ folders: readonly string[] }, StoreSummary>(),
  'store:close': exchange<undefined, null>(),
  /** Rows [first, first + count) of the trees, at most MAX_STORE_ROWS. */
  'store:rows': exchange<{ storeId: number; first: number; count: number }, readonly StoreRowInfo[]>(),
  'store:findings': exchange<{ storeId: number; skip: number; most: number }, StoreFindingPage>(),
  /** What files that were named in any order are to each other, by the links that they record. */
  'store:arrange': exchange<{ files: readonly string[] }, ArrangedFiles>(),
  'chain:open': exchange<{ target: OpenTarget; consent: Consent }, OpenedChain>(),
  /**
   * Compares what the open chain shows, or one of its layers, with another target, or another of its layers. One comparison
   * is kept: another one, or 'compare:close', ends it.
   */
  'compare:open': exchange<CompareRequest, OpenedComparison>(),
  /** Begins to compare the content of what may differ. */
  'compare:content': exchange<OfComparison, null>(),
  'compare:cancel': exchange<OfComparison, null>(),
  'compare:close': exchange<undefined, null>(),
  'compare:tiles': exchange<OfComparison & TilesRequest, TilesReply>(),
  'compare:extents': exchange<OfComparison & GuestRange, ExtentsReply>(),
  'compare:differences': exchange<OfComparison & DifferencesRequest, DifferencePage>(),
  'compare:find': exchange<OfComparison & DifferenceSearch, NumberedDifference | null>(),
  'chain:close': exchange<OfSession, null>(),
  /** The window knows the chain: pushes about it begin, with what was to be said until now. */
  'chain:subscribe': exchange<OfSession, null>(),
  /** Ends reading; what was read stays. */
  'chain:cancel': exchange<OfSession, null>(),
  /** Takes up again what was cancelled or failed; what was read stays. */
  'chain:retry': exchange<OfSession, null>(),
  /**
   * Reads the partition table and the signatures in the disk of the open chain, which the window asks for only where a
   * person allowed it. Notes about them are among the findings from then on.
   */
  'guest:partitions': exchange<OfSession, GuestDisk>(),
  /**
   * What a job would do to the files of the open chain, as they are now. One plan at a time: another one, or 'plan:cancel',
   * ends it with CANCELLED.
   */
  'plan:make': exchange<OfSession & { choice: PlanChoice }, PlanReply>(),
  'plan:cancel': exchange<undefined, null>(),
  /**
   * Shows the dialog that chooses a file, and writes a report of the open chain there; null means cancelled in the dialog.
   * One report at a time: another one, or 'report:cancel', ends it with CANCELLED.
   */
  'report:save': exchange<OfSession & ReportRequest, SavedReport | null>(),
  /**
   * The drawing of the open chain that a report has, in light colors, once the chain has been read: an SVG document.
   * Without `showPaths` no text in it names a folder.
   */
  'report:drawing': exchange<OfSession & { showPaths: boolean }, string>(),
  /** As 'report:save', for a picture that the window has made of that drawing. */
  'report:savePicture': exchange<OfSession & { png: Uint8Array }, SavedReport | null>(),
  'report:cancel': exchange<undefined, null>(),
  /**
   * Shows the dialog that chooses a file, and writes a capture of the open chain there; null means cancelled in the dialog.
   * One capture at a time: another one, or 'capture:cancel', ends it with CANCELLED.
   */
  'capture:save': exchange<OfSession & { showPaths: boolean }, CaptureSummary | null>(),
  'capture:cancel': exchange<undefined, null>(),
  /** One listing at a time: another one, or 'nbd:cancelList', ends it with CANCELLED. */
  'nbd:list': exchange<{ uri: string }, readonly NbdExportInfo[]>(),
  'nbd:cancelList': exchange<undefined, null>(),
  /** The window has drawn everything it was asked to draw so far (used by --screenshot and tests). */
  'app:idle': exchange<undefined, null>(),
};

/** The call that asks a question. */
export type QuestionCall<Q extends QuestionName = QuestionName> = `chain:${Q}`;

type QuestionCalls = {
  [Q in QuestionName as QuestionCall<Q>]: Exchange<OfSession & QuestionArgs<Q>, QuestionReply<Q>>;
};

/** Calls: name to argument and reply. Every reply is a Result, so that errors arrive as data with their code. */
export type IpcCalls = typeof PLAIN_CALLS & QuestionCalls;

/** Pushes: name to payload. */
const PUSHES = {
  'app:arrival': notice<Arrival>(),
  /** A menu item or accelerator of the shell; ids are those of the renderer's commands. */
  'app:command': notice<{ id: string }>(),
  'chain:progress': notice<{ sessionId: number; layers: readonly LayerProgress[] }>(),
  /** Something was read in [start,end): tiles and extents there are stale. */
  'chain:changed': notice<{ sessionId: number; version: number; start: number; end: number }>(),
  /** Files of these layers have changed on disk since they were opened: what is shown may be out of date. */
  'chain:filesChanged': notice<{ sessionId: number; layers: readonly number[] }>(),
  'chain:tracks': notice<{ sessionId: number; tracks: readonly TrackInfo[] }>(),
  /** More was compared, in [start, end) of the disks. */
  'compare:state': notice<{
    comparisonId: number;
    state: ComparisonState;
    version: number;
    start: number;
    end: number;
  }>(),
  'report:progress': notice<ReportProgress>(),
  'capture:progress': notice<CaptureProgress>(),
  /** Something more was found. */
  'chain:findings': notice<{ sessionId: number; summary: FindingSummary }>(),
};

export type CallName = keyof IpcCalls;
export type PlainCallName = keyof typeof PLAIN_CALLS;
export type PushName = keyof typeof PUSHES;
export type IpcPushes = { readonly [P in PushName]: (typeof PUSHES)[P]['args'] };
export type CallArgs<C extends CallName> = IpcCalls[C]['args'];
export type CallReply<C extends CallName> = Result<IpcCalls[C]['reply']>;

/** The calls that ask a question, each with the question's name. */
export const QUESTION_CALLS: ReadonlyMap<QuestionCall, QuestionName> = new Map(
  QUESTION_NAMES.map(name => [`chain:${name}`, name]),
);
/** Every call the preload lets through. */
export const CALL_NAMES: readonly CallName[] = [...namesOf(PLAIN_CALLS), ...QUESTION_CALLS.keys()];
/** Every push the preload lets through. */
export const PUSH_NAMES = namesOf(PUSHES);

/** What the preload puts on `window.cowscope`. */
export interface Bridge {
  call<C extends CallName>(name: C, args: CallArgs<C>): Promise<CallReply<C>>;
  /** Listens until the returned function is called. */
  on<P extends PushName>(name: P, listener: (payload: IpcPushes[P]) => void): () => void;
  /** The path of a dropped file, empty when it has none. */
  pathOfDropped(file: unknown): string;
}
