/** A dirty bitmap, added before anything is written. */
export interface BitmapRecipe {
  readonly name: string;
  /** In qemu's notation, e.g. `64k`. */
  readonly granularity: string;
  /** True to leave it as a crash does: in use, hence not to be trusted. */
  readonly inUse?: boolean;
}

/** Bytes written straight into the finished file. */
export interface Poke {
  readonly offset: number;
  readonly hex: string;
}

/** One layer. It stands on the layer before it. */
export interface LayerRecipe {
  readonly file: string;
  /** Virtual size in qemu's notation, e.g. `1M`. */
  readonly size: string;
  /** Default qcow2. */
  readonly format?: 'qcow2' | 'raw';
  /** Creation options, e.g. `cluster_size=4k`. */
  readonly options?: readonly string[];
  readonly bitmaps?: readonly BitmapRecipe[];
  /** Commands of qemu-io, all run in one process. */
  readonly writes?: readonly string[];
  /** Internal snapshots, each taken when all before it is written, and what is written after it. */
  readonly snapshots?: readonly { readonly name: string; readonly writes: readonly string[] }[];
  readonly pokes?: readonly Poke[];
}

/** A chain, base first. */
export interface ChainRecipe {
  readonly name: string;
  /** What there is to see, for a person. */
  readonly about: string;
  readonly layers: readonly LayerRecipe[];
}

export declare const golden: ChainRecipe;
export declare const shortMiddle: ChainRecipe;
export declare const bitmaps: ChainRecipe;
export declare const extendedL2: ChainRecipe;
export declare const damaged: ChainRecipe;
export declare const sharedCluster: ChainRecipe;
export declare const recipes: readonly ChainRecipe[];

/** The paths of a chain's files, base first, made in an existing folder with qemu-img and qemu-io and synced. */
export declare function makeChain(
  recipe: Pick<ChainRecipe, 'layers'>,
  folder: string,
): Promise<[string, ...string[]]>;

/** Writes bytes into a finished image and brings the file to disk. */
export declare function pokeAndSync(path: string, pokes: readonly Poke[]): Promise<void>;
