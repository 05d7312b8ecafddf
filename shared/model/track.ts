/** Tracks: the guest's view and one track per layer, as the chain view draws them. */

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

/** Exact extents of one track within the asked range, clipped to it. Ends follow from the next start. */
export interface TrackExtents {
  readonly track: number;
  readonly starts: Float64Array;
  /** Words of shared/extent/flags.ts with the sweep's marks. */
  readonly words: Uint32Array;
  /** Guest track only: layer index (or depth) where the walk stops, -1 where every layer is absent. */
  readonly owners: Int16Array;
}

/** Guest offsets [start, end) in bytes of a layer, by its index. */
export interface LayerRange {
  readonly layer: number;
  readonly start: number;
  readonly end: number;
}

/** What is known of an extent of a layer beside its state. */
export interface ExtentDetails {
  /** Where its first byte lies in the file that holds it, in bytes; -1 where it lies nowhere, or that is not known. */
  readonly hostOffset: number;
  /** Code of the worst finding of the layer that touches it, empty where there is none. Notes are passed over. */
  readonly finding: string;
  /** How many such findings there are. */
  readonly findings: number;
}
