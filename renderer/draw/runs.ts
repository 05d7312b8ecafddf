/** Neighbouring columns of a strip that look the same: what patterns, marks and labels are laid over. */
import { MIXED, type Strip } from '../lod/strip.ts';

/** Columns [from, to) that share state, marks and owner. */
export interface Run {
  readonly from: number;
  readonly to: number;
  readonly state: number;
  readonly marks: number;
  readonly owner: number;
}

/** Every run of the strip from left to right. Mixed columns are runs of their marks alone. */
export function* runsOf(strip: Strip): Generator<Run> {
  const { width, state, marks, owners } = strip;
  let from = 0;
  while (from < width) {
    const first = state[from] as number;
    const mark = marks[from] as number;
    const owner = first === MIXED ? -1 : (owners[from] as number);
    let to = from + 1;
    while (
      to < width &&
      state[to] === first &&
      marks[to] === mark &&
      (first === MIXED || owners[to] === owner)
    )
      to++;
    yield { from, to, state: first, marks: mark, owner };
    from = to;
  }
}
