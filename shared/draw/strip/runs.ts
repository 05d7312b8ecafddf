/** Neighboring columns of a strip that look the same: patterns, marks and labels are drawn over each of them. */
import { type ColumnStrip, MARKS, MIXED } from './column-strip.ts';

/** Columns [from, to) that share part, marks and owner. */
export interface StripRun {
  readonly from: number;
  readonly to: number;
  /** The index in PARTS of what fills the columns, else MIXED or NOTHING. */
  readonly part: number;
  /** Those of MARKS. */
  readonly marks: number;
  readonly owner: number;
}

/**
 * Calls `visit` with every run of the strip from left to right. Mixed columns are runs of their marks alone.
 * The run is good until `visit` returns: it is one object that is filled again, since where clusters alternate there
 * are thousands in a frame and each would be left to the collector.
 */
export function eachRun({ width, part, present, owners }: ColumnStrip, visit: (run: StripRun) => void): void {
  const run = { from: 0, to: 0, part: 0, marks: 0, owner: -1 };
  for (let to = 0; to < width; ) {
    const from = to++;
    const first = part[from] as number;
    const marks = (present[from] as number) & MARKS;
    const mixed = first === MIXED;
    const owner = mixed ? -1 : (owners[from] as number);
    while (
      to < width &&
      part[to] === first &&
      ((present[to] as number) & MARKS) === marks &&
      (mixed || owners[to] === owner)
    )
      to++;
    run.from = from;
    run.to = to;
    run.part = first;
    run.marks = marks;
    run.owner = owner;
    visit(run);
  }
}
