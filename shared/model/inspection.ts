/** Everything known about one guest offset. */

/** Where a fact about an extent comes from. */
export interface Evidence {
  /** The fact, such as "reads as zeros" or "allocated here". */
  readonly fact: string;
  /** Where it was read, such as "L2 entry", "NBD base:allocation", "size of the layer". */
  readonly source: string;
  /** The raw value, such as the entry in hexadecimal with its bits named. */
  readonly value: string;
}

/** Bytes [start, end) of an extent. Where a bound is cut the extent reaches at least so far: the search for it ended. */
export interface ExtentBounds {
  readonly start: number;
  readonly end: number;
  readonly isStartCut: boolean;
  readonly isEndCut: boolean;
}

/** One layer at the inspected offset, with the bounds of the extent that holds it. */
export interface InspectedLayer extends ExtentBounds {
  readonly track: number;
  readonly layer: number;
  readonly title: string;
  readonly word: number;
  readonly evidence: readonly Evidence[];
  /** Host offset of the inspected byte in the layer's file, -1 where it has none. */
  readonly hostOffset: number;
  readonly clusterSize: number;
  readonly l1Index: number;
  readonly l2Index: number;
}

/** Everything known about one guest offset, with the bounds of the merged extent that holds it. */
export interface Inspection extends ExtentBounds {
  readonly offset: number;
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
