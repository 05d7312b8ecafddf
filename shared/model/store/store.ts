/**
 * A store: the images that lie in some folders, and which of them rest on which. Plain values only. It is read from
 * headers alone: nothing that an image names is opened or looked at unless it lies in the folders that were given.
 */
import type { ErrorRecord } from '../../error.ts';
import type { Finding } from '../finding.ts';
import type { ImageFormat } from '../layer.ts';

/** What became of the backing name that an image of a store records. */
export type StoreLinkStatus =
  /** It leads to an image of the store. */
  | 'inStore'
  /** It leads to a place outside the given folders, which was not opened. */
  | 'outside'
  /** It leads to a place where no file is, inside the given folders or outside. */
  | 'missing'
  /** It leads to something that is never opened, such as a FIFO or a folder. */
  | 'notAFile'
  /** It names a protocol, or cannot be read as a name. */
  | 'refused';

/** The backing link of an image of a store. Texts are untrusted. */
export interface StoreLink {
  /** As recorded. */
  readonly recorded: string;
  /** Format recorded beside it; empty where none is. */
  readonly recordedFormat: string;
  /** Absolute path that it leads to; empty where it names no file. */
  readonly resolved: string;
  readonly status: StoreLinkStatus;
  /** Index in Store.images of the backing image; -1 unless `status` is inStore. */
  readonly image: number;
}

/** The external data file of an image of a store. Texts are untrusted. */
export type StoreDataFile = Pick<StoreLink, 'recorded' | 'resolved' | 'status'>;

/** One image of a store, as its header shows it. Texts are untrusted. */
export interface StoreImage {
  /** Absolute real path. A file with several names (hard links) has the first of them; the others are in `aliases`. */
  readonly path: string;
  /** Other paths in the store that lead to this file: hard links and symbolic links. */
  readonly aliases: readonly string[];
  /** By its content. */
  readonly format: ImageFormat;
  /** Virtual size in bytes; -1 where it is not known. */
  readonly size: number;
  /** Length of the file in bytes, and bytes it occupies on its disk; -1 where unknown. */
  readonly fileSize: number;
  readonly allocatedSize: number;
  /** Another program has it open for writing. False proves nothing. */
  readonly inUse: boolean;
  /** When the file was last changed, in milliseconds since 1970; -1 where that says nothing, as of a device. */
  readonly modified: number;
  /** Internal snapshots by the header; 0 in formats that are not read. */
  readonly snapshots: number;
  /** Persistent dirty bitmaps by the header. */
  readonly bitmaps: number;
  /** Absent where no backing file is recorded, or none can be. */
  readonly backing?: StoreLink;
  /** The link to the external data file; absent where there is none. */
  readonly dataFile?: StoreDataFile;
  /** Indexes in Store.images of the images that record this one as their backing file, in the order of the images. */
  readonly children: readonly number[];
  /** Why its header could not be read. */
  readonly error?: ErrorRecord;
}

/** How much was looked at, and what was left out. */
export interface StoreCoverage {
  readonly folders: number;
  /** Entries of folders of every kind. */
  readonly entries: number;
  /** Regular files without the content of any image format: they may be raw disks. */
  readonly otherFiles: number;
  /** Devices, FIFOs and sockets in the folders. They are never opened. */
  readonly special: number;
  /** Why some folders or files could not be looked at, or why the scan ended early. Bounded. */
  readonly errors: readonly ErrorRecord[];
  /** Errors in all, kept above or not. */
  readonly errorCount: number;
  /** False where a limit ended the scan: images may be missing. */
  readonly complete: boolean;
}

/** The images of some folders. */
export interface Store {
  /** Absolute real paths of what was given. */
  readonly roots: readonly string[];
  /** In the order of their paths. */
  readonly images: readonly StoreImage[];
  /** `layer` is an index in `images`, or WHOLE_CHAIN for the store as a whole. Ranked. */
  readonly findings: readonly Finding[];
  readonly coverage: StoreCoverage;
}

/** The index of the image at an absolute path, by any of its names; -1 where none is. */
export function imageAt({ images }: Pick<Store, 'images'>, path: string): number {
  return images.findIndex(image => image.path === path || image.aliases.includes(path));
}

/**
 * Indexes of all images that rest on an image, its children and theirs, in the order of a walk down the tree. They are
 * what a change of that image breaks. Each is named once, and the image itself never, also where links form a loop.
 */
export function dependentsOf({ images }: Pick<Store, 'images'>, image: number): number[] {
  const seen = new Set<number>();
  const waiting = [image];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    for (const child of [...(images[next]?.children ?? [])].reverse()) waiting.push(child);
  }
  return [...seen].slice(1);
}

/** Files put in order by the links that they record. Numbers are indexes in Store.images. */
export interface Arrangement {
  /** A chain for each image that nothing rests on, base first. Images on which several rest are in several chains. */
  readonly chains: readonly (readonly number[])[];
  /** Images that rest on each other, each loop in the order of its links from the top down. */
  readonly loops: readonly (readonly number[])[];
}

/** The chains and loops of a store, cut to `maxLayers` from the top. */
export function arrange({ images }: Pick<Store, 'images'>, maxLayers: number): Arrangement {
  const chains: number[][] = [];
  const inChain = new Set<number>();
  for (const [top, { children }] of images.entries()) {
    if (children.length > 0) continue;
    const chain: number[] = [];
    for (let at = top; at >= 0 && chain.length < maxLayers && !chain.includes(at); at = below(images, at))
      chain.push(at);
    for (const at of chain) inChain.add(at);
    chains.push(chain.reverse());
  }
  const loops: number[][] = [];
  for (const start of images.keys()) {
    if (inChain.has(start) || !isInLoop(images, start)) continue;
    const loop: number[] = [];
    for (let at = start; !inChain.has(at); at = below(images, at)) {
      inChain.add(at);
      loop.push(at);
    }
    loops.push(loop);
  }
  return { chains, loops };
}

/** The image right below; -1 where none of the store is. */
function below(images: readonly StoreImage[], at: number): number {
  return images[at]?.backing?.image ?? -1;
}

/** True where the links from an image lead back to it. */
function isInLoop(images: readonly StoreImage[], start: number): boolean {
  let at = below(images, start);
  for (let steps = 0; at >= 0 && at !== start && steps < images.length; steps++) at = below(images, at);
  return at === start;
}
