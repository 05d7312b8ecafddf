/** What the steps of one discovery share. */
import { CowscopeError } from '../../shared/error.ts';
import type { Finding } from '../../shared/model/finding.ts';
import type { BackingLink, CaptureInfo } from '../../shared/model/layer.ts';
import type { InferRequest } from '../qcow2/infer/infer-image.ts';
import type { ReachedFile } from './follow-link.ts';
import type { OpenFile } from './open-file.ts';
import type { SingleLayer } from './open-layer.ts';
import type { PathInspector } from './path-inspector.ts';
import type { PinnedFolders } from './pinned-folder.ts';
import type { ResolvedConsent } from './policy.ts';
import type { Writers } from './writer-lock.ts';

/** State of one discovery. */
export interface Discovery {
  readonly consent: ResolvedConsent;
  readonly folders: PinnedFolders;
  readonly look: PathInspector;
  /** Format of backing files for which none is recorded, as a person says. */
  readonly backingFormat: 'raw' | 'qcow2' | undefined;
  /** What to do with a layer that lost its header or L1 table; undefined where nothing is inferred. */
  readonly infer: InferRequest | undefined;
  /** Files that a person chose for backing files that cannot be opened; the first is taken next. */
  readonly located: string[];
  /** Receives every file that stays open. */
  readonly open: ReachedFile[];
  /** Counts what the layers list. */
  readonly listed: EntryBudget;
}

/** Snapshots and bitmaps of all layers together: as many as one image can have. */
const MAX_CHAIN_ENTRIES = 2 ** 17;
/** Bytes that they have in the images, names included: as many as one image can have. */
const MAX_CHAIN_ENTRY_BYTES = 2 ** 27;

/**
 * Counts the snapshots and bitmaps of a chain, which stay in memory for each layer. qemu bounds them for an image, where
 * they may lie in a hole of its file: 200 layers of a few KB list 26 million.
 */
export class EntryBudget {
  #entries = 0;
  #bytes = 0;

  /** Counts those of a layer. Throws CHAIN_TOO_MANY_ENTRIES where they are more than is left; they do not count then. */
  add({ image, source }: SingleLayer): void {
    if (image === undefined) return;
    const lists = [image.snapshots, image.bitmaps];
    let entries = this.#entries;
    let bytes = this.#bytes;
    for (const list of lists) {
      entries += list.length;
      for (const { length } of list) bytes += length;
    }
    if (entries > MAX_CHAIN_ENTRIES || bytes > MAX_CHAIN_ENTRY_BYTES)
      throw new CowscopeError({
        code: 'CHAIN_TOO_MANY_ENTRIES',
        what: `the layers down to this one have more than ${MAX_CHAIN_ENTRIES} snapshots and bitmaps, or their names fill more than ${MAX_CHAIN_ENTRY_BYTES / 2 ** 20} MiB`,
        subject: source.path,
        advice: 'open this layer to see what it holds; no program makes such a chain',
      });
    this.#entries = entries;
    this.#bytes = bytes;
  }
}

/** A layer and what became of the link recorded in it. */
export interface LinkedLayer {
  readonly layer: SingleLayer;
  readonly backing: BackingLink;
  /** The link to its external data file, where that is known and not to be followed. */
  readonly dataFile?: BackingLink;
  readonly findings: readonly Finding[];
}

/** The layers of a chain, base first, before they are described. */
export interface FoundLayers {
  readonly layers: readonly LinkedLayer[];
  /** About the chain as a whole. */
  readonly findings: readonly Finding[];
  /** Findings about layers that are read from a capture. */
  readonly captured?: FoundCapture;
}

/** A capture that was opened as a chain. */
export interface FoundCapture {
  readonly info: CaptureInfo;
  /** The file of the capture. */
  readonly file: OpenFile;
  /** What another program did with each file when it was captured. */
  readonly written: readonly Writers[];
}

/** Name and format of the backing file as a layer records them. */
export type RecordedBacking = Pick<BackingLink, 'recorded' | 'recordedFormat'>;

/** The link of a layer that records none. */
export const NO_BACKING: BackingLink = { recorded: '', recordedFormat: '', resolved: '', status: 'none' };

/** The link of a layer that was read by an inferred header; undefined where its header was there to be read. */
export function lostBacking({ image, source }: SingleLayer): BackingLink | undefined {
  const inference = image?.inferred?.inference;
  if (inference?.lost !== 'header' || !inference.facts.some(({ name }) => name === 'backing file'))
    return undefined;
  return {
    recorded: '',
    recordedFormat: '',
    resolved: '',
    status: 'missing',
    error: {
      code: 'CHAIN_BACKING_UNKNOWN',
      what: 'the name of a backing file would be in the header, which is lost: what this layer leaves to one is not known',
      subject: source.path,
      advice: 'name the backing file first and this file behind it, base first, or know that there is none',
    },
  };
}

/** The backing name as recorded; empty where none is. */
export function backingName(layer: SingleLayer): Uint8Array {
  return layer.image?.backingFileBytes ?? new Uint8Array();
}

/** What a layer records about its backing file. */
export function recordedBacking(layer: SingleLayer): RecordedBacking {
  return {
    recorded: Buffer.from(backingName(layer)).toString('utf8'),
    recordedFormat: layer.image?.extensions.backingFormat ?? '',
  };
}
