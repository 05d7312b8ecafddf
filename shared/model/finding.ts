/** Findings: what is wrong with an image or a chain. */

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
