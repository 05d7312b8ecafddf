/**
 * Ranges of a chain that other readers get wrong: copiers that trust the hole bit of each layer, and programs with an L2
 * decoder that leaves bits out. What they do was read in their sources; docs/guide/misread.md names them.
 */
import type { MisreadReader, MisreadResult, MisreadRow } from '../../shared/model/misread.ts';
import { BAD, COMPRESSED_DATA, LOST_COMPRESSED, ZERO_ALLOCATED, ZERO_HOLE } from '../qcow2/format/entry.ts';
import { hasExtendedL2 } from '../qcow2/format/header.ts';
import type { Qcow2Image } from '../qcow2/read/image.ts';
import { type SlicedWork, shouldYield } from '../qcow2/read/sliced-work.ts';
import type { LayerTables } from './commit/commit-input.ts';
import { runsOf } from './commit/commit-setup.ts';
import { statusAbove } from './layers/block-status.ts';
import type { LayerRuns } from './layers/layer-runs.ts';

/** Called for each row: by layer from the base up, ascending within a layer. */
export type TakeRow = (row: MisreadRow) => void;

/** What a reader makes of a range whose kind it does not tell; undefined where it reads it as qemu does. */
function resultOf(reader: MisreadReader, kind: number): MisreadResult | undefined {
  switch (reader) {
    case 'hole-bit':
      return kind === ZERO_HOLE || kind === ZERO_ALLOCATED ? 'below' : undefined;
    case 'offset-only':
      if (kind === ZERO_HOLE) return 'below';
      if (kind === ZERO_ALLOCATED) return 'stale';
      return kind === COMPRESSED_DATA ? 'garbage' : undefined;
    case 'allocated':
      return kind === ZERO_HOLE ? 'below' : undefined;
  }
}

/** The only size of clusters that the reader `allocated` knows. */
const KNOWN_CLUSTER_BYTES = 65_536;

/** What a reader makes of a layer as a whole; undefined where it depends on the range. */
function* wholeResult(
  reader: MisreadReader,
  image: Qcow2Image,
  runs: LayerRuns,
): SlicedWork<MisreadResult | undefined> {
  if (reader === 'hole-bit') return undefined;
  if (reader === 'allocated' && image.geometry.clusterSize !== KNOWN_CLUSTER_BYTES) return 'refused';
  // Entries are twice as long as these readers take them to be: nothing is where they look.
  if (hasExtendedL2(image.header)) return 'garbage';
  if (reader !== 'allocated') return undefined;
  let steps = 0;
  for (let at = 0; at < runs.size; ) {
    const { end, kind } = runs.at(at);
    if (kind === COMPRESSED_DATA || kind === LOST_COMPRESSED) return 'refused';
    if (shouldYield(steps++)) yield;
    at = end;
  }
  return undefined;
}

/** All ranges of all layers that a reader gets wrong. */
export function* findMisreads(
  layers: readonly LayerTables[],
  reader: MisreadReader,
  take: TakeRow,
): SlicedWork<void> {
  const runs = layers.map(runsOf);
  let steps = 0;
  for (const [layer, { image }] of layers.entries()) {
    if (image === undefined) continue;
    const own = runs[layer] as LayerRuns;
    const row = (start: number, end: number, reads: MisreadResult) =>
      take({ layer, start, length: end - start, reads });
    const whole = yield* wholeResult(reader, image, own);
    if (whole !== undefined) {
      if (own.size > 0) row(0, own.size, whole);
      continue;
    }
    for (let at = 0; at < own.size; ) {
      if (shouldYield(steps++)) yield;
      const { end, kind } = own.at(at);
      const result = kind >= BAD ? undefined : resultOf(reader, kind);
      if (result === 'below') yield* addBelow(runs, layer, at, end, row);
      else if (result !== undefined) row(at, end, result);
      at = end;
    }
  }
}

/** Zeros taken for a hole: wrong where something below them is not zeros. */
function* addBelow(
  runs: readonly LayerRuns[],
  layer: number,
  start: number,
  end: number,
  row: (start: number, end: number, reads: MisreadResult) => void,
): SlicedWork<void> {
  let steps = 0;
  const below = runs[layer - 1];
  for (let at = start; below !== undefined && at < Math.min(end, below.size); ) {
    const { zero, length } = statusAbove(runs, layer - 1, 0, at, Math.min(end, below.size) - at);
    if (!zero) row(at, at + length, 'below');
    if (shouldYield(steps++)) yield;
    at += length;
  }
}

/** Rows with neighbors of the same kind joined. */
export class MisreadRows {
  readonly #take: TakeRow;
  #pending: (MisreadRow & { length: number }) | undefined;

  /** `take` gets the joined rows. */
  constructor(take: TakeRow) {
    this.#take = take;
  }

  /** Adds a row. */
  readonly add: TakeRow = row => {
    const last = this.#pending;
    if (last?.layer === row.layer && last.reads === row.reads && last.start + last.length === row.start) {
      last.length += row.length;
      return;
    }
    this.finish();
    this.#pending = { ...row };
  };

  /** Hands out the last row. */
  finish(): void {
    if (this.#pending !== undefined) this.#take(this.#pending);
    this.#pending = undefined;
  }
}
