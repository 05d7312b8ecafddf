/**
 * What qemu answers when it asks layers of a chain for the state of a range.
 * Source: bdrv_co_common_block_status_above of qemu's block/io.c and qcow2_get_host_offset of block/qcow2-cluster.c,
 * compared with qemu 7.2 and 10.0.
 */
import {
  BAD,
  COMPRESSED_DATA,
  DATA,
  RESERVED_SPACE,
  UNALLOCATED,
  ZERO_ALLOCATED,
  ZERO_HOLE,
} from '../../qcow2/format/entry.ts';
import type { LayerRuns } from './layer-runs.ts';

/** The state of the first `length` bytes of a range. */
export interface BlockStatus {
  readonly length: number;
  /** Index of the layer that decides, -1 where every layer asked leaves it to those below. */
  readonly layer: number;
  /** Zeros that are stored as such, or that a layer reads as because it ends before. True as well where `layer` is -1. */
  readonly zero: boolean;
  /** The entry cannot be read: a job that comes here fails. */
  readonly damaged: boolean;
}

/** True for a kind that leaves the range to the layer below. */
export function isAbsent(kind: number): boolean {
  return kind === UNALLOCATED || kind === RESERVED_SPACE;
}

/** True for zeros that are stored without data. */
export function isZeroKind(kind: number): boolean {
  return kind === ZERO_HOLE || kind === ZERO_ALLOCATED;
}

/** True for kinds with host space; in extended L2 one such subcluster says it of its whole cluster. */
export function keepsHost(kind: number): boolean {
  return kind === DATA || kind === ZERO_ALLOCATED || kind === RESERVED_SPACE;
}

/**
 * The state of up to `bytes` at `offset`, as layers `top` down to `bottom` decide it. `offset` is below the top layer's
 * size. A layer that ends before `offset` reads as zeros, and hides what is below it.
 */
export function statusAbove(
  layers: readonly LayerRuns[],
  top: number,
  bottom: number,
  offset: number,
  bytes: number,
): BlockStatus {
  return ask(layers, top, bottom, offset, bytes, true);
}

/**
 * As {@link statusAbove}, but where no layer asked decides, and where an entry cannot be read, as far as that holds: for
 * work that passes over such a range however qemu cuts its answers. A disk of petabytes with nothing in it, or behind an
 * L1 table that is too short, is passed over at once.
 */
export function passOver(
  layers: readonly LayerRuns[],
  top: number,
  bottom: number,
  offset: number,
  bytes: number,
): BlockStatus {
  const whole = ask(layers, top, bottom, offset, bytes, false);
  return whole.layer < 0 || whole.damaged ? whole : ask(layers, top, bottom, offset, bytes, true);
}

/** True where the tables tell that layers `top` and below read as zeros in all of [start, end). */
export function readsZero(runs: readonly LayerRuns[], top: number, start: number, end: number): boolean {
  const own = runs[top];
  for (let offset = start; offset < end; ) {
    if (own === undefined || offset >= own.size) return true;
    const { zero, length } = passOver(runs, top, 0, offset, end - offset);
    if (!zero) return false;
    offset += length;
  }
  return true;
}

function ask(
  layers: readonly LayerRuns[],
  top: number,
  bottom: number,
  offset: number,
  bytes: number,
  isCut: boolean,
): BlockStatus {
  let length = bytes;
  for (let layer = top; layer >= bottom; layer--) {
    const runs = layers[layer] as LayerRuns;
    if (offset >= runs.size) return { length, layer, zero: true, damaged: false };
    const { end, kind } = runs.at(offset);
    const span = kind === COMPRESSED_DATA ? runs.clusterSize : runs.sliceSpan;
    const spanEnd = isCut ? (Math.floor(offset / span) + 1) * span : Number.POSITIVE_INFINITY;
    length = Math.min(length, Math.min(end, spanEnd) - offset);
    if (isAbsent(kind)) continue;
    return { length, layer, zero: isZeroKind(kind), damaged: kind >= BAD };
  }
  return { length, layer: -1, zero: true, damaged: false };
}
