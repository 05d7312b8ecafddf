/**
 * What is known of two disks: by their tables, and up to a seam by their content. Lists, searches and pictures are about
 * both parts as one.
 */
import {
  type ComparisonSums,
  DIFFERENCE_KINDS,
  type Difference,
  type DifferenceKind,
  type DifferencePage,
  type DifferenceSearch,
  type DifferencesRequest,
  type NumberedDifference,
} from '../../../shared/model/comparison.ts';
import { shownSide } from './difference-rows.ts';
import { type ComparedRange, maskOf, type RangeKind, RangeTable, RELATIONS } from './range-table.ts';

/** The ranges of a comparison. */
export class ComparedRanges {
  #tables = new RangeTable();
  #content: RangeTable | undefined;

  /** Where new ranges are put: those by the tables at first, those by content after {@link beginContent}. */
  get newest(): RangeTable {
    return this.#content ?? this.#tables;
  }

  /** Content is compared from 0 on. */
  beginContent(): void {
    this.#content = new RangeTable();
  }

  /** Content was compared to the end: what the tables said is needed no more. */
  endContent(): void {
    if (this.#content === undefined) return;
    this.#tables = this.#content;
    this.#content = undefined;
    this.#counted = nothingCounted();
  }

  /** Where everything that is known ends. */
  get end(): number {
    return Math.max(this.#tables.end, this.#content?.end ?? 0);
  }

  /** Where the ranges end, if there was no room for all; -1 otherwise. */
  get listedTo(): number {
    if (this.#content?.isFull === true) return this.#content.end;
    return this.#tables.isFull ? this.#tables.end : -1;
  }

  /** Bytes that have to be read to compare what was not compared; estimated where the comparison of content is under way. */
  get left(): number {
    return this.#content === undefined ? this.#tables.unread : this.#unreadFrom(this.#content.end);
  }

  /** The sums of both parts. */
  sums(): ComparisonSums {
    const bytes = this.#tables.bytes.slice();
    const content = this.#content;
    if (content !== undefined) {
      const passed = this.#passed(content.end);
      for (let i = 0; i < bytes.length; i++)
        bytes[i] = (bytes[i] as number) - (passed.bytes[i] as number) + (content.bytes[i] as number);
    }
    const kinds = Object.fromEntries(
      DIFFERENCE_KINDS.map(kind => [
        kind,
        { bytes: bytes[RELATIONS.indexOf(kind)] as number, ranges: this.count([kind]) },
      ]),
    ) as ComparisonSums['kinds'];
    const first = this.find({ kinds: ['content'], from: -1, backwards: false });
    return {
      same: bytes[RELATIONS.indexOf('same')] as number,
      kinds,
      firstContent: first?.difference.start ?? -1,
    };
  }

  /** How many ranges there are of some kinds. */
  count(kinds: readonly DifferenceKind[]): number {
    const mask = maskOf(kinds);
    const behind = this.#behindSeam();
    const tables = this.#tables;
    const ofContent = this.#content?.countBefore(this.#content.count, mask) ?? 0;
    return ofContent + tables.countBefore(tables.count, mask) - tables.countBefore(behind, mask);
  }

  /** A page of the list. */
  page({ kinds, skip, most }: DifferencesRequest): DifferencePage {
    const mask = maskOf(kinds);
    const rows: Difference[] = [];
    const total = this.count(kinds);
    const content = this.#content;
    const ofContent = content?.countBefore(content.count, mask) ?? 0;
    if (content !== undefined && skip < ofContent)
      for (let i = content.nth(skip, mask); i < content.count && rows.length < most; )
        [rows[rows.length], i] = [differenceOf(content.at(i)), content.nextOf(i + 1, mask)];
    const behind = this.#behindSeam();
    const before = this.#tables.countBefore(behind, mask);
    const from = Math.max(0, skip + rows.length - ofContent);
    if (rows.length < most && from + before < this.#tables.countBefore(this.#tables.count, mask))
      for (let i = this.#tables.nth(from + before, mask); i < this.#tables.count && rows.length < most; )
        [rows[rows.length], i] = [this.#behind(i), this.#tables.nextOf(i + 1, mask)];
    return { rows, total };
  }

  /** The next or previous range of some kinds. */
  find({ kinds, from, backwards }: DifferenceSearch): NumberedDifference | undefined {
    const total = this.count(kinds);
    // By their numbers: the first one that begins after `from`.
    let low = 0;
    for (let high = total; low < high; ) {
      const middle = (low + high) >>> 1;
      const start = this.page({ kinds, skip: middle, most: 1 }).rows[0]?.start ?? Number.POSITIVE_INFINITY;
      if (start > from || (backwards && start === from)) high = middle;
      else low = middle + 1;
    }
    const row = backwards ? low - 1 : low;
    const [difference] = row < 0 ? [] : this.page({ kinds, skip: row, most: 1 }).rows;
    return difference === undefined ? undefined : { row, total, difference };
  }

  /** The ranges of [start, end) in ascending order, cut to it, until `take` returns false. */
  each(
    start: number,
    end: number,
    take: (from: number, to: number, kind: RangeKind) => boolean | undefined,
  ): void {
    const content = this.#content;
    const seam = content?.end ?? 0;
    for (const [table, from, to] of [
      [content, start, Math.min(end, seam)],
      [this.#tables, Math.max(start, seam), end],
    ] as const) {
      if (table === undefined) continue;
      for (let i = from < to ? table.indexAt(from) : table.count; i < table.count; i++) {
        const first = table.startAt(i);
        if (first >= to) break;
        const last = Math.min(table.startAt(i + 1), to);
        if (take(Math.max(first, from), last, table.kindAt(i)) === false) return;
      }
    }
  }

  /** The number of the first range by tables that reaches behind the seam. */
  #behindSeam(): number {
    return this.#content === undefined ? 0 : this.#tables.indexAt(this.#content.end);
  }

  /** A range by tables, without what lies before the seam. */
  #behind(index: number): Difference {
    const range = this.#tables.at(index);
    return differenceOf({ ...range, start: Math.max(range.start, this.#content?.end ?? 0) });
  }

  /** Ranges by tables that were passed when it was counted last, so that the seam's way is gone over once. */
  #counted = nothingCounted();

  #passed(seam: number): { bytes: Float64Array } {
    const behind = this.#tables.indexAt(seam);
    if (behind < this.#counted.index) this.#counted = nothingCounted();
    const counted = this.#counted;
    for (; counted.index < behind; counted.index++) {
      const { relation, start, end } = this.#tables.at(counted.index);
      const i = RELATIONS.indexOf(relation);
      counted.bytes[i] = (counted.bytes[i] as number) + end - start;
    }
    const bytes = counted.bytes.slice();
    if (behind < this.#tables.count) {
      const { relation, start } = this.#tables.at(behind);
      const i = RELATIONS.indexOf(relation);
      bytes[i] = (bytes[i] as number) + Math.max(0, seam - start);
    }
    return { bytes };
  }

  #unreadFrom(seam: number): number {
    const mayDiffer = RELATIONS.indexOf('mayDiffer');
    const all = this.#tables.bytes[mayDiffer] as number;
    if (all === 0) return 0;
    const left = all - (this.#passed(seam).bytes[mayDiffer] as number);
    return Math.round((this.#tables.unread * left) / all);
  }
}

function nothingCounted() {
  return { index: 0, bytes: new Float64Array(RELATIONS.length) };
}

function differenceOf({ start, end, relation, a, b }: ComparedRange): Difference {
  return {
    start,
    length: end - start,
    kind: relation as DifferenceKind,
    a: shownSide(a),
    b: shownSide(b),
  };
}
