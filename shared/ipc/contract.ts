/**
 * The one contract between the window and the main process. Imports types only; nothing here runs but the lists.
 *
 * Calls go from the window to main and are answered; pushes go from main to the window. A message carries at most
 * 1 MiB: whoever asks for more is answered in parts or refused with IPC_TOO_LARGE.
 */
import type { ErrorRecord } from '../errors.ts';
import type { ChainInfo } from '../layer.ts';
import type { Result } from '../result.ts';

/** Columns in a tile. */
export const TILE_COLUMNS = 256;
/** Most exact extents (all tracks together) that one `chain:extents` reply holds. */
export const MAX_EXACT_EXTENTS = 4096;
/** Most tiles in one `chain:tiles` call; a reply holds fewer where more would pass 1 MiB. */
export const MAX_TILES_PER_CALL = 8;

/**
 * Bits of a column's `present` mask: bits 0-9 are the states in the order of STATES (shared/extent/flags.ts), the
 * rest are marks. Must-see marks get at least one device pixel at every zoom.
 */
export const PRESENT = {
  overrides: 1 << 10,
  holeOverrides: 1 << 11,
  shadowed: 1 << 12,
  dirty: 1 << 13,
  damaged: 1 << 14,
  overridden: 1 << 15,
} as const;

/** What a track draws. */
export type TrackKind =
  /** The merged result: what the guest reads. Always the first track. */
  | 'guest'
  /** One layer of the chain, opened alone. */
  | 'layer'
  /** One allocation depth of an NBD export of a whole chain: hidden parts are unknown. */
  | 'depth';

/** Which witness a track's extents come from. */
export type Witness = 'metadata' | 'nbd';

/** One lane of the chain view. `id` is its place in every list of columns and extents of this session. */
export interface TrackInfo {
  readonly id: number;
  readonly kind: TrackKind;
  /** Index in ChainInfo.layers; -1 for the guest and depth tracks. */
  readonly layer: number;
  /** Allocation depth of a depth track, else 0. */
  readonly depth: number;
  /** Untrusted text. */
  readonly title: string;
  /** Bytes covered; the axis may be longer. */
  readonly size: number;
  readonly witness: Witness;
  /** False where allocation-depth was not available, so that ownership is unknown. */
  readonly ownerKnown: boolean;
}

/** What opening a target gives. The session lives until `chain:close` or until another target is opened. */
export interface OpenedChain {
  readonly session: number;
  readonly chain: ChainInfo;
  /** Guest first, then the layers from top to base. */
  readonly tracks: readonly TrackInfo[];
}

/**
 * A target to open: files (several are a chain, base first) or one NBD URI. With `snapshot` the top file is shown as
 * the internal snapshot of that id or name was.
 */
export type OpenTarget =
  | {
      readonly kind: 'files';
      readonly files: readonly string[];
      readonly format?: 'raw' | 'qcow2';
      readonly snapshot?: string;
    }
  | { readonly kind: 'nbd'; readonly uri: string };

/** Consent to what the policy asks about: paths, or everything but protocols. */
export interface Consent {
  readonly allow: readonly string[];
  readonly allowAll: boolean;
}

/** Columns of one tile of one track. All arrays have TILE_COLUMNS (x states where said) elements. */
export interface TileColumns {
  readonly track: number;
  readonly tile: number;
  /** States and marks present in each column: see PRESENT. 0 past the end of the axis. */
  readonly present: Uint16Array;
  /** For each column one share per state in the order of STATES; they sum to 255 where anything is present. */
  readonly shares: Uint8Array;
  /** Extents that touch each column, at least (capped at 2^32-1). */
  readonly runs: Uint32Array;
  /** Guest track only: layer index (or depth) that owns most of the column, -1 none. Empty for other tracks. */
  readonly owners: Int16Array;
}

/** A question for tiles: columns of 2**level bytes; tile i covers columns [i*256, (i+1)*256). */
export interface TilesRequest {
  readonly session: number;
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

/** Exact extents of one track within the asked range, clipped to it. Ends follow from the next start. */
export interface TrackExtents {
  readonly track: number;
  readonly starts: Float64Array;
  /** Words of shared/extent/flags.ts with the sweep's marks. */
  readonly words: Uint32Array;
  /** Guest track only: layer index (or depth) where the walk stops, -1 where every layer is absent. */
  readonly owners: Int16Array;
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

/** Where a fact about an extent comes from. */
export interface Evidence {
  /** The fact, such as "reads as zeros" or "allocated here". */
  readonly fact: string;
  /** Who says so, such as "L2 entry", "NBD base:allocation", "size of the layer". */
  readonly source: string;
  /** The raw value, such as the entry in hexadecimal with its bits named. */
  readonly value: string;
}

/** One layer at the inspected offset. */
export interface InspectedLayer {
  readonly track: number;
  readonly layer: number;
  readonly title: string;
  /** The extent that holds the offset. */
  readonly start: number;
  readonly end: number;
  readonly word: number;
  readonly evidence: readonly Evidence[];
  /** Host offset of the inspected byte in the layer's file, -1 where it has none. */
  readonly hostOffset: number;
  readonly clusterSize: number;
  readonly l1Index: number;
  readonly l2Index: number;
}

/** Everything known about one guest offset. */
export interface Inspection {
  readonly offset: number;
  /** The merged extent that holds the offset. */
  readonly start: number;
  readonly end: number;
  /** Layer index of the owner, -1 none. */
  readonly owner: number;
  readonly word: number;
  /** Layers that are hidden here by the owner, and by a shorter layer, as layer indexes. */
  readonly overridden: readonly number[];
  readonly shadowed: readonly number[];
  /** One plain sentence: what is read here and why. */
  readonly sentence: string;
  /** Top first. */
  readonly layers: readonly InspectedLayer[];
}

/** What to look for from an offset. */
export type SeekKind =
  | 'change'
  | 'override'
  | 'holeOverride'
  | 'dirty'
  | 'damaged'
  | { readonly state: number };

/** Sums of one track over a range. Indexes of `bytes`, `runs` … are those of STATES. */
export interface TrackStatistics {
  readonly track: number;
  readonly bytes: readonly number[];
  readonly runs: readonly number[];
  readonly shortest: readonly number[];
  readonly longest: readonly number[];
  readonly median: readonly number[];
  readonly overrideBytes: number;
  readonly holeOverrideBytes: number;
  readonly shadowedBytes: number;
  readonly dirtyBytes: number;
}

/** Reading progress of one layer by one witness. */
export interface LayerProgress {
  readonly layer: number;
  readonly witness: Witness;
  readonly phase: 'waiting' | 'reading' | 'done' | 'cancelled' | 'failed';
  readonly covered: number;
  readonly total: number;
  readonly error?: ErrorRecord;
}

/** Something wrong: damage in a layer's metadata, or a range on which the two witnesses differ. */
export interface RangeFinding {
  readonly kind: 'witnessesDiffer' | 'damage';
  /** Stable: a code of docs/errors.md. */
  readonly code: string;
  readonly layer: number;
  /** The guest range it is about; both -1 where it is about no guest offset, such as a damaged header. */
  readonly start: number;
  readonly end: number;
  /** One sentence. Untrusted text. */
  readonly text: string;
  /** Where in the file, and the value found there. */
  readonly evidence?: string;
  /** What the metadata and the nbd witness say, where they differ. */
  readonly words?: { readonly metadata: number; readonly nbd: number };
}

/** An export offered by an NBD server. Names and descriptions are untrusted text. */
export interface NbdExportInfo {
  readonly name: string;
  readonly description: string;
  /** Address of this export, without user or local files. */
  readonly uri: string;
  /** Bytes; -1 where the server did not say. */
  readonly size: number;
  readonly contexts: readonly string[];
  /** Transmission flags by their names in the NBD protocol, without NBD_FLAG_. */
  readonly flags: readonly string[];
  /** Minimum, preferred and maximum block size in bytes, where the server says. */
  readonly blockSizes?: readonly [minimum: number, preferred: number, maximum: number];
  /** Why the export could not be asked about. */
  readonly error?: ErrorRecord;
}

/** What the window needs to know at start. */
export interface AppState {
  readonly version: string;
  readonly platform: string;
  readonly recent: readonly RecentTarget[];
  readonly samples: readonly { readonly name: string; readonly files: readonly string[] }[];
  /** What the window is to show, where it asks for the first time since it began; what comes later is pushed. */
  readonly open?: OpenTarget;
}

/** A target opened before. */
export interface RecentTarget {
  readonly title: string;
  readonly target: OpenTarget;
}

/** Calls: name to argument and reply. Every reply is a Result, so that errors arrive as data with their code. */
export interface IpcCalls {
  'app:state': { args: undefined; reply: AppState };
  'app:clearRecent': { args: undefined; reply: null };
  /** Shows the open dialog; an empty list means cancelled. */
  'dialog:openFiles': { args: undefined; reply: readonly string[] };
  'chain:open': { args: { target: OpenTarget; consent: Consent }; reply: OpenedChain };
  'chain:close': { args: { session: number }; reply: null };
  'chain:tiles': { args: TilesRequest; reply: TilesReply };
  'chain:extents': { args: { session: number; start: number; end: number }; reply: ExtentsReply };
  'chain:inspect': { args: { session: number; offset: number }; reply: Inspection };
  'chain:statistics': {
    args: { session: number; start: number; end: number };
    reply: readonly TrackStatistics[];
  };
  /** The start of the next (or previous) place on a track, or -1. Places start after `from`, so -1 finds one at 0. */
  'chain:seek': {
    args: { session: number; track: number; from: number; backwards: boolean; kind: SeekKind };
    reply: number;
  };
  /** Ends reading; what was read stays. */
  'chain:cancel': { args: { session: number }; reply: null };
  /** Takes up again what was cancelled or failed; what was read stays. */
  'chain:retry': { args: { session: number }; reply: null };
  /** One listing at a time: another one, or 'nbd:cancelList', ends it with CANCELLED. */
  'nbd:list': { args: { uri: string }; reply: readonly NbdExportInfo[] };
  'nbd:cancelList': { args: undefined; reply: null };
  /** The window has drawn everything it was asked to draw so far (used by --screenshot and tests). */
  'app:idle': { args: undefined; reply: null };
}

/** Pushes: name to payload. */
export interface IpcPushes {
  'app:open': { target: OpenTarget };
  /** A menu item or accelerator of the shell; ids are those of the renderer's commands. */
  'app:command': { id: string };
  'chain:progress': { session: number; layers: readonly LayerProgress[] };
  /** Something was read in [start,end): tiles and extents there are stale. */
  'chain:changed': { session: number; version: number; start: number; end: number };
  'chain:tracks': { session: number; tracks: readonly TrackInfo[] };
  'chain:findings': { session: number; findings: readonly RangeFinding[]; more: number };
}

export type CallName = keyof IpcCalls;
export type PushName = keyof IpcPushes;
export type CallArgs<C extends CallName> = IpcCalls[C]['args'];
export type CallReply<C extends CallName> = Result<IpcCalls[C]['reply']>;

/** Every call the preload lets through. A forgotten one fails to compile below. */
export const CALL_NAMES = [
  'app:state',
  'app:clearRecent',
  'dialog:openFiles',
  'chain:open',
  'chain:close',
  'chain:tiles',
  'chain:extents',
  'chain:inspect',
  'chain:statistics',
  'chain:seek',
  'chain:cancel',
  'chain:retry',
  'nbd:list',
  'nbd:cancelList',
  'app:idle',
] as const satisfies readonly CallName[];

/** Every push the preload lets through. */
export const PUSH_NAMES = [
  'app:open',
  'app:command',
  'chain:progress',
  'chain:changed',
  'chain:tracks',
  'chain:findings',
] as const satisfies readonly PushName[];

type Forgotten<All, Listed> = [Exclude<All, Listed>] extends [never] ? true : Exclude<All, Listed>;
/** Compile-time proof that the lists above are complete. */
export const LISTS_ARE_COMPLETE: readonly [
  Forgotten<CallName, (typeof CALL_NAMES)[number]>,
  Forgotten<PushName, (typeof PUSH_NAMES)[number]>,
] = [true, true];

/** What the preload puts on `window.cowscope`. */
export interface Bridge {
  call<C extends CallName>(name: C, args: CallArgs<C>): Promise<CallReply<C>>;
  /** Listens until the returned function is called. */
  on<P extends PushName>(name: P, listener: (payload: IpcPushes[P]) => void): () => void;
  /** The path of a dropped file, empty when it has none. */
  pathOfDropped(file: unknown): string;
}
