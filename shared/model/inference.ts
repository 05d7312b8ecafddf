/** What was inferred of an image whose header or L1 table is lost. Plain values only. */

/**
 * How sure something inferred is, best first.
 *
 * `certain`: no other reading agrees with what the image itself stores, and all of it agrees with this one.
 * `likely`: nothing contradicts it, and not all of it is proved.
 * `guess`: another reading is as good, or something contradicts it.
 */
export const CONFIDENCES = ['certain', 'likely', 'guess'] as const;

/** One of {@link CONFIDENCES}. */
export type Confidence = (typeof CONFIDENCES)[number];

/** One inferred fact. Texts are untrusted. */
export interface InferredFact {
  readonly name: string;
  readonly value: string;
  readonly confidence: Confidence;
  /** What it follows from, in a few words. */
  readonly how: string;
}

/** How a layer is read whose own header or L1 table says nothing. */
export interface Inference {
  readonly lost: 'header' | 'L1 table';
  /** Of every range that is mapped with it. A fact that no range depends on, such as the version, may be less sure. */
  readonly confidence: Confidence;
  readonly facts: readonly InferredFact[];
  /** Which of several readings this is, from 1, and how many there are. */
  readonly reading: number;
  readonly readings: number;
  /** True where L2 tables were found whose place is not known: ranges without a table are unreadable, not unallocated. */
  readonly isPartial: boolean;
  /** Of a lost L1 table: how many L2 tables were found, and for how many the place on the disk was inferred. */
  readonly tables?: { readonly found: number; readonly placed: number };
}

/** How sure what is shown is, in a word or two; where no table has a place, nothing is shown that could be sure. */
export function confidenceText({ confidence, tables }: Inference): string {
  if (tables?.placed === 0) return 'no table placed';
  return confidence === 'guess' ? 'a guess' : confidence;
}

/** More readings of one image are never offered. */
export const MAX_READINGS = 16;

/** The least sure of several. */
export function leastSure(confidences: readonly Confidence[]): Confidence {
  return CONFIDENCES.findLast(confidence => confidences.includes(confidence)) ?? 'certain';
}
