/** The rows and sums of a comparison: neighbors of one kind joined, everything counted. */
import { isLostData, type Relation } from '../../../shared/compare/differences.ts';
import { stateOf } from '../../../shared/extent/flags.ts';
import {
  type ComparedState,
  type ComparisonSums,
  DIFFERENCE_KINDS,
  type Difference,
  type DifferenceKind,
} from '../../../shared/model/comparison.ts';

/** What a range is on one side. */
export interface RowSide {
  readonly word: number;
  readonly owner: number;
}

interface Row {
  readonly start: number;
  end: number;
  readonly kind: DifferenceKind;
  readonly a: RowSide;
  readonly b: RowSide;
}

/** Called for every range, also those that are the same. */
export type TakeRange = (end: number, relation: Relation, a: RowSide, b: RowSide) => void;

/** Joins and counts ranges that come in ascending order. */
export class DifferenceRows {
  readonly #take: (row: Difference) => void;
  readonly #sums = new Map(DIFFERENCE_KINDS.map(kind => [kind, { bytes: 0, ranges: 0 }]));
  #same = 0;
  #firstContent = -1;
  #row: Row | undefined;

  /** `take` gets each finished row. */
  constructor(take: (row: Difference) => void) {
    this.#take = take;
  }

  /** Adds the range [start, end). */
  add(start: number, end: number, relation: Relation, a: RowSide, b: RowSide): void {
    if (relation === 'same') {
      this.#same += end - start;
      this.finish();
      return;
    }
    this.#sum(relation).bytes += end - start;
    if (relation === 'content' && this.#firstContent < 0) this.#firstContent = start;
    const row = this.#row;
    if (row?.kind === relation && row.end === start && isAlike(row.a, a) && isAlike(row.b, b)) {
      row.end = end;
      return;
    }
    this.finish();
    this.#sum(relation).ranges++;
    this.#row = { start, end, kind: relation, a, b };
  }

  /** Hands out the row under way. */
  finish(): void {
    const row = this.#row;
    this.#row = undefined;
    if (row === undefined) return;
    const { start, end, kind, a, b } = row;
    this.#take({ start, length: end - start, kind, a: shownSide(a), b: shownSide(b) });
  }

  /** The sums so far. */
  sums(): ComparisonSums {
    const kinds = Object.fromEntries(
      DIFFERENCE_KINDS.map(kind => [kind, { ...this.#sum(kind) }]),
    ) as ComparisonSums['kinds'];
    return { same: this.#same, kinds, firstContent: this.#firstContent };
  }

  #sum(kind: DifferenceKind): { bytes: number; ranges: number } {
    return this.#sums.get(kind) as { bytes: number; ranges: number };
  }
}

function isAlike(one: RowSide, other: RowSide): boolean {
  const isSameState = stateOf(one.word) === stateOf(other.word);
  return isSameState && one.owner === other.owner && isLostData(one.word) === isLostData(other.word);
}

/** A side as it is listed. */
export function shownSide({ word, owner }: RowSide): ComparedState {
  const side = { state: stateOf(word), layer: owner };
  return isLostData(word) ? { ...side, lost: true } : side;
}
