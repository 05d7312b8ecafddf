/** The allocation cases of a commit, for any number of layers: which layers hold a range, and what happens to it. */
import type { Range } from '../../shared/model/finding.ts';
import { MAX_FINDING_PLACES } from '../../shared/model/finding.ts';
import type { PlanCase, PlanEffect } from '../../shared/model/plan/plan.ts';
import type { SlicedWork } from '../qcow2/read/sliced-work.ts';
import { shouldYield } from '../qcow2/read/sliced-work.ts';
import type { CommitLayers } from './commit/requests.ts';
import { isAbsent, passOver, statusAbove } from './layers/block-status.ts';
import type { LayerRuns } from './layers/layer-runs.ts';

/** Ranges of one kind: the first places, and the bytes of all. */
export class RangeSum {
  readonly places: [start: number, length: number][] = [];
  count = 0;
  bytes = 0;
  #end = -1;

  /** Adds a range; ranges come in ascending order. */
  add(start: number, length: number): void {
    this.bytes += length;
    const last = this.places.at(-1);
    if (start === this.#end) {
      if (last !== undefined && last[0] + last[1] === start) last[1] += length;
    } else {
      this.count++;
      if (this.places.length < MAX_FINDING_PLACES) this.places.push([start, length]);
    }
    this.#end = start + length;
  }

  /** The first places. */
  get ranges(): readonly Range[] {
    return this.places;
  }
}

/** What happens to a range. */
export interface Outcome {
  /** The layer whose content the target gets, null where it keeps its own. */
  readonly owner: number | null;
  readonly effect: PlanEffect;
}

/** Sums the bytes of all ranges of one case: the same layers hold them, and the same happens to them. */
export class CaseSums {
  readonly #runs: readonly LayerRuns[];
  readonly #bottom: number;
  readonly #top: number;
  readonly #sums = new Map<string, PlanCase & { bytes: number }>();

  /** Layers `bottom` to `top` are distinguished. */
  constructor(runs: readonly LayerRuns[], bottom: number, top: number) {
    this.#runs = runs;
    this.#bottom = bottom;
    this.#top = top;
  }

  /** Adds [start, end), which may lie over several runs of the layers. */
  add(start: number, end: number, { owner, effect }: Outcome): void {
    for (let at = start; at < end; ) {
      const stop = sameUntil(this.#runs, this.#bottom, this.#top, at, end);
      const holders = this.holdersAt(at);
      const key = `${holders} ${owner} ${effect}`;
      const known = this.#sums.get(key);
      if (known === undefined) this.#sums.set(key, { holders, owner, effect, bytes: stop - at });
      else known.bytes += stop - at;
      at = stop;
    }
  }

  /** The layers that hold data or zeros at an offset, base first. */
  holdersAt(offset: number): number[] {
    const holders: number[] = [];
    for (let layer = this.#bottom; layer <= this.#top; layer++)
      if (holds(this.#runs[layer] as LayerRuns, offset)) holders.push(layer);
    return holders;
  }

  /** Most bytes first. */
  list(): PlanCase[] {
    return [...this.#sums.values()].sort((a, b) => b.bytes - a.bytes);
  }
}

/** The cases of a commit, most bytes first. `runs` are those before the target grows. */
export function* casesOf({ runs, target, top }: CommitLayers): SlicedWork<PlanCase[]> {
  const committed = runs[top] as LayerRuns;
  const size = Math.max(committed.size, (runs[target] as LayerRuns).size);
  const sums = new CaseSums(runs, target, top);
  let steps = 0;
  for (let offset = 0; offset < size; ) {
    const end = sameUntil(runs, target, top, offset, size);
    const targetHolds = holds(runs[target] as LayerRuns, offset);
    sums.add(offset, end, outcomeAt({ runs, target, top }, offset, targetHolds));
    offset = end;
    if (shouldYield(steps++)) yield;
  }
  return sums.list();
}

function outcomeAt({ runs, target, top }: CommitLayers, offset: number, targetHolds: boolean): Outcome {
  if (offset >= (runs[top] as LayerRuns).size) return { owner: null, effect: 'kept' };
  const { layer, zero } = statusAbove(runs, top, target + 1, offset, 1);
  if (layer < 0) return { owner: null, effect: 'kept' };
  if (zero) return { owner: layer, effect: 'zeros' };
  return { owner: layer, effect: targetHolds ? 'overwritten' : 'allocated' };
}

/** True where a layer itself holds data or zeros. */
function holds(runs: LayerRuns, offset: number): boolean {
  return offset < runs.size && !isAbsent(runs.at(offset).kind);
}

/** The end of the range from `offset` on in which no layer from `bottom` to `top` changes. */
function sameUntil(
  runs: readonly LayerRuns[],
  bottom: number,
  top: number,
  offset: number,
  most: number,
): number {
  let end = most;
  for (let layer = bottom; layer <= top; layer++) {
    const own = runs[layer] as LayerRuns;
    if (offset < own.size) end = Math.min(end, own.at(offset).end, own.size);
  }
  return end;
}

/**
 * Ranges that read as zeros through the chain and would read as the target's old data: past the end of the committed
 * layer, where no layer above holds anything.
 */
export function* resurrectedRanges({ runs, target, top }: CommitLayers): SlicedWork<RangeSum> {
  const sum = new RangeSum();
  const chainTop = runs.length - 1;
  const start = (runs[top] as LayerRuns).size;
  const end = Math.max(
    (runs[chainTop] as LayerRuns).size,
    chainTop === top ? (runs[target] as LayerRuns).size : 0,
  );
  let steps = 0;
  for (let offset = start; offset < end; ) {
    if (shouldYield(steps++)) yield;
    const above = chainTop > top ? passOver(runs, chainTop, top + 1, offset, end - offset) : undefined;
    const most = above === undefined ? end - offset : above.length;
    if (above !== undefined && above.layer >= 0) {
      offset += most;
      continue;
    }
    if (offset >= (runs[target] as LayerRuns).size) break;
    const below = passOver(runs, target, 0, offset, most);
    if (!below.zero) sum.add(offset, below.length);
    offset += below.length;
  }
  return sum;
}
