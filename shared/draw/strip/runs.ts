/** Neighbouring columns of a strip that look the same: what patterns, marks and labels are laid over. */
import { type ColumnStrip, MIXED } from './column-strip.ts';

/** Columns [from, to) that share state, marks and owner. */
export interface Run {
  readonly from: number;
  readonly to: number;
  readonly state: number;
  readonly marks: number;
  readonly owner: number;
}

/**
 * Calls `visit` with every run of the strip from left to right. Mixed columns are runs of their marks alone.
 * The run is good until `visit` returns: it is one object that is filled again, since where clusters alternate there
 * are thousands in a frame and each would be left to the collector.
 */
export function eachRun({ width, state, marks, owners }: ColumnStrip, visit: (run: Run) => void): void {
  const run = { from: 0, to: 0, state: 0, marks: 0, owner: -1 };
  for (let to = 0; to < width; ) {
    const from = to++;
    const first = state[from] as number;
    const mark = marks[from] as number;
    const mixed = first === MIXED;
    const owner = mixed ? -1 : (owners[from] as number);
    while (to < width && state[to] === first && marks[to] === mark && (mixed || owners[to] === owner)) to++;
    run.from = from;
    run.to = to;
    run.state = first;
    run.marks = mark;
    run.owner = owner;
    visit(run);
  }
}
