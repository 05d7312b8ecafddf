/** Everything known about one guest offset. */

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
