/** What crosses between the engine's worker and the thread that owns the sockets and files. Plain data only. */
import type { ErrorRecord } from '../../../shared/error.ts';
import type { StatusBatch } from '../../../shared/extent/status-batch.ts';
import type { QuestionName } from '../../../shared/ipc/questions.ts';
import type { ContextSelection } from '../../../shared/model/context.ts';
import type { Finding, FindingSummary } from '../../../shared/model/finding.ts';
import type { LayerProgress } from '../../../shared/model/progress.ts';
import type { TrackInfo } from '../../../shared/model/track.ts';
import type { ExportKind } from '../../../shared/nbd-contexts.ts';
import type { QemuImgDialect } from '../../formats/qemu-img-versions.ts';
import type { ParsedImage } from '../../qcow2/read/image.ts';
import type { FrameIndex } from '../../qcow2/read/source.ts';

/** A qcow2 layer read by our own reader from a descriptor that was opened once. */
export interface MetadataPlan {
  readonly fd: number;
  readonly fileSize: number;
  readonly path: string;
  /** Where the descriptor is that of a capture: where the layer's bytes lie in it. */
  readonly frames?: FrameIndex;
  /** The image as it was parsed when it was found. */
  readonly image: ParsedImage;
  /** Descriptor of the external data file, where there is one that was opened with consent. */
  readonly dataFileFd?: number;
  /** Map this internal snapshot instead of the active disk. */
  readonly snapshotId?: string;
}

/** A layer fed from an NBD export. `contexts` are the granted context names, in the order of contextIndex. */
export interface NbdPlan {
  readonly exportKind: ExportKind;
  readonly contexts: readonly string[];
  /** Names of bitmaps that are not among the contexts: what is not fed is unknown, never clean. Default none. */
  readonly unfedBitmaps?: readonly string[];
}

/** One layer of a session, base first in the plan. At least one witness is given; metadata is drawn if it is there. */
export interface LayerPlan {
  readonly title: string;
  readonly size: number;
  readonly clusterSize: number;
  readonly metadata?: MetadataPlan;
  readonly nbd?: NbdPlan;
  /** Why a layer with tables is not read over NBD too, as the end of a sentence. */
  readonly notServed?: string;
}

/** A chain to hold in the worker. */
export interface EnginePlan {
  readonly layers: readonly LayerPlan[];
  /** The guest's axis: size of the top layer. */
  readonly size: number;
  /** The base names a backing file that is not open: what every layer leaves to it is not known. */
  readonly baseMissing?: boolean;
  /** Read every page in the background and build a pyramid (the window). Otherwise pages are read as lists pass over them. */
  readonly buildPyramid: boolean;
  /** A window is waiting: pause background reading after the first pages until the first paint. */
  readonly interactive?: boolean;
  /** Extents kept in memory before exact pages are dropped and read again when asked for. */
  readonly extentBudget: number;
  /** Of those, extents that came over NBD for layers that have metadata: what was compared is dropped. Default all. */
  readonly fedBudget?: number;
}

/** True if the plan is one export of a chain of unknown layers: owners are known by allocation depth, not by layer. */
export function isWholeChain({ layers }: Pick<EnginePlan, 'layers'>): boolean {
  return layers[0]?.nbd?.exportKind === 'wholeChain';
}

/** A list to be written out as text. */
export type ListSpec =
  /** `hosts`: with the host offset of each row that a layer owns; rows end where it does not run on. */
  | { readonly list: 'map'; readonly format: 'json'; readonly hosts: boolean }
  | { readonly list: 'map'; readonly format: 'csv'; readonly hosts: boolean }
  /** `width`: columns that a line has; one row takes several where it is longer. Default: a line each. */
  | {
      readonly list: 'map';
      readonly format: 'text';
      readonly hosts: boolean;
      readonly width?: number | undefined;
    }
  | ({ readonly list: 'qemu-img' } & QemuImgDialect)
  | ({ readonly list: 'nbdinfo' } & ContextSelection);

/** Which list of what: of the whole chain, or of one layer alone. */
export interface ListRequest {
  readonly spec: ListSpec;
  readonly layer: number | undefined;
}

/** What a finished list was. */
export interface ListSummary {
  readonly rows: number;
}

/** How a feed ended: with an error, cancelled, or else complete. */
export interface FeedEnd {
  readonly error?: ErrorRecord;
  readonly cancelled?: boolean;
}

/** To the worker. */
export type ToEngine =
  | { readonly kind: 'open'; readonly plan: EnginePlan }
  | { readonly kind: 'batch'; readonly layer: number; readonly batch: StatusBatch }
  | { readonly kind: 'feedEnded'; readonly layer: number; readonly end: FeedEnd }
  | { readonly kind: 'ask'; readonly id: number; readonly question: QuestionName; readonly args: unknown }
  /** Asks for a list: its text comes in chunks, then a reply with its ListSummary. */
  | { readonly kind: 'list'; readonly id: number; readonly request: ListRequest }
  /** A chunk was taken; its memory comes back, to be written to again. */
  | { readonly kind: 'chunkTaken'; readonly id: number; readonly memory?: ArrayBuffer }
  | { readonly kind: 'abortList'; readonly id: number }
  /** What the discovery of the chain found: the log has it beside what is found while reading. */
  | { readonly kind: 'chainFindings'; readonly findings: readonly Finding[] }
  | { readonly kind: 'cancelReading' }
  | { readonly kind: 'resumeReading' };

/** From the worker. */
export type FromEngine =
  | { readonly kind: 'opened'; readonly tracks: readonly TrackInfo[] }
  | { readonly kind: 'failed'; readonly error: ErrorRecord }
  | { readonly kind: 'batchTaken'; readonly layer: number; readonly error?: ErrorRecord }
  | { readonly kind: 'reply'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly error: ErrorRecord }
  | { readonly kind: 'chunk'; readonly id: number; readonly text: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'progress'; readonly layers: readonly LayerProgress[] }
  | { readonly kind: 'changed'; readonly version: number; readonly start: number; readonly end: number }
  | { readonly kind: 'tracks'; readonly tracks: readonly TrackInfo[] }
  /** How far a walk over the whole disk is, for an answer that takes long. */
  | { readonly kind: 'walked'; readonly offset: number; readonly size: number }
  /** Something more was found. */
  | { readonly kind: 'findings'; readonly summary: FindingSummary };
