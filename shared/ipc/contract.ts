/**
 * The one contract between the window and the main process. Imports types only; nothing here runs but the lists.
 *
 * Calls go from the window to main and are answered; pushes go from main to the window. A message carries at most
 * 1 MiB: whoever asks for more is answered in parts or refused with IPC_TOO_LARGE.
 */
import type { OpenedChain } from '../model/chain.ts';
import type { RangeFinding } from '../model/finding.ts';
import type { Inspection } from '../model/inspection.ts';
import type { NbdExportInfo } from '../model/nbd-export.ts';
import type { LayerProgress } from '../model/progress.ts';
import type { SeekKind, TrackStatistics } from '../model/statistics.ts';
import type { Consent, OpenTarget, RecentTarget } from '../model/target.ts';
import type { TileColumns } from '../model/tile.ts';
import type { TrackExtents, TrackInfo } from '../model/track.ts';
import type { Result } from '../result.ts';

/** Most exact extents (all tracks together) that one `chain:extents` reply holds. */
export const MAX_EXACT_EXTENTS = 4096;
/** Most tiles in one `chain:tiles` call; a reply holds fewer where more would pass 1 MiB. */
export const MAX_TILES_PER_CALL = 8;

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

/** Exact extents of every track, or `tooMany` when there are more than MAX_EXACT_EXTENTS: use tiles then. */
export type ExtentsReply =
  | { readonly tooMany: true; readonly version: number }
  | {
      readonly tooMany: false;
      readonly version: number;
      readonly end: number;
      readonly tracks: readonly TrackExtents[];
    };

/** What the window needs to know at start. */
export interface AppState {
  readonly version: string;
  readonly platform: string;
  readonly recent: readonly RecentTarget[];
  readonly samples: readonly { readonly name: string; readonly files: readonly string[] }[];
  /** What the window is to show, where it asks for the first time since it began; what comes later is pushed. */
  readonly open?: OpenTarget;
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
