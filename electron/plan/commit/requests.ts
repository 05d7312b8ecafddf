/**
 * The requests that a commit sends to its target, as qemu makes them from the allocation of the layers above.
 * Source: qemu's block/mirror.c (mirror_dirty_init, mirror_iteration) and block/commit.c, compared with qemu 7.2 and 10.0.
 */
import { type BlockStatus, passOver, statusAbove } from '../layers/block-status.ts';
import type { LayerRuns } from '../layers/layer-runs.ts';

/** One write to the target: guest offsets [start, end), of data or of zeros that are stored as such where possible. */
export interface TargetWrite {
  readonly start: number;
  readonly end: number;
  readonly zero: boolean;
  /** All of it reads as zeros, however it is sent. */
  readonly readsZero: boolean;
  /** The layer that decided on the first byte. */
  readonly owner: number;
  /** The data cannot be read: the job ends here with an error. */
  readonly damaged: boolean;
  /** It is the first of a range that qemu has looked for what to copy next, or the one before it may have begun when sent. */
  readonly isFirst: boolean;
  /** All that qemu asks tables to make it is in memory by then. */
  readonly isKnown: boolean;
  /**
   * Data that was sent before from this guest offset on is still being read when the request is sent, and that of lower
   * offsets may be; undefined where each request ends before the next.
   */
  readonly passesFrom: number | undefined;
}

/** The layers of a commit: those above `target`, up to `top`, go into `target`. */
export interface CommitLayers {
  /** Base first. The target is as large as the job makes it. */
  readonly runs: readonly LayerRuns[];
  readonly target: number;
  readonly top: number;
}

/** The properties of the target that decide how a mirror job cuts its requests. */
export interface MirrorTarget {
  /** 0 for a raw target. */
  readonly clusterSize: number;
  /** Zeros that are not whole units of this size are written as data: see `mirrorZeroesSubclusters`. */
  readonly zeroUnit: number;
}

/** Bounds of the granularity in which a mirror job copies: block.c, bdrv_get_default_bitmap_granularity. */
const MIN_GRANULARITY_BYTES = 4096;
const MAX_GRANULARITY_BYTES = 65_536;
/** Requests that a mirror job has under way: MAX_IN_FLIGHT of qemu's block/mirror.c. */
export const MIRROR_REQUESTS = 16;
/** Bytes of data that it takes at once, and has under way, at most: DEFAULT_MIRROR_BUF_SIZE. */
export const MIRROR_BUFFER_BYTES = 16 * 2 ** 20;
/** Bytes of data that it copies at once at most, MAX_IO_BYTES, and parts of a granule that one request may have. */
const LONGEST_COPY_BYTES = 2 ** 20;
const MAX_PARTS = 1024;
/** Bytes that a commit job looks at in one step: COMMIT_BUFFER_SIZE. */
const COMMIT_BUFFER_BYTES = 512 * 1024;
/** Bytes of one question about allocation. */
const LONGEST_QUESTION_BYTES = 2 ** 30;
/** Bytes after which a range ends though what follows is allocated too. */
const LONGEST_RANGE_BYTES = 2 ** 26;
/** Bytes of L2 tables that qemu keeps in memory for an image at least, by default: DEFAULT_L2_CACHE_MAX_SIZE. */
const MIN_TABLE_CACHE_BYTES = 8 * 2 ** 20;
/** Bytes of a slice of such a table at most. */
const MAX_SLICE_BYTES = 65_536;

/** Bytes in which a commit of the top layer copies into a target of this cluster size; 0 stands for a raw target. */
export function mirrorGranularity(targetClusterSize: number): number {
  if (targetClusterSize === 0) return MAX_GRANULARITY_BYTES;
  return Math.min(MAX_GRANULARITY_BYTES, Math.max(MIN_GRANULARITY_BYTES, targetClusterSize));
}

/** The first range [start, end) at or after `from` that a layer above the target holds; undefined where none does. */
function nextAllocated({ runs, target, top }: CommitLayers, from: number) {
  const { size } = runs[top] as LayerRuns;
  const ask = (offset: number) =>
    statusAbove(runs, top, target + 1, offset, Math.min(LONGEST_QUESTION_BYTES, size - offset));
  let start = from;
  for (; start < size; ) {
    const { layer, length } = passOver(runs, top, target + 1, start, size - start);
    if (layer >= 0) break;
    start += length;
  }
  if (start >= size) return undefined;
  let end = start;
  while (end < size && end - start < LONGEST_RANGE_BYTES) {
    const { layer, length } = ask(end);
    if (layer < 0) break;
    end += length;
  }
  return { start, end };
}

/** True where qemu keeps all tables of the layers above the target in memory once it has looked at them. */
function keepsTables({ runs, target, top }: CommitLayers): boolean {
  return runs.slice(target + 1, top + 1).every(({ size, sliceSpan, clusterSize }) => {
    const slices = Math.ceil(size / sliceSpan);
    return slices * Math.min(MAX_SLICE_BYTES, clusterSize) <= MIN_TABLE_CACHE_BYTES;
  });
}

/**
 * The requests of `qemu-img commit` and of an active commit: whole granules of the target, read through the whole chain.
 * A granule becomes zeros only where one answer of qemu about zeros covers it. Before the first one, qemu asks the layers
 * above the target about the whole disk.
 */
export function* mirrorRequests(
  layers: CommitLayers,
  { clusterSize, zeroUnit }: MirrorTarget,
): Generator<TargetWrite> {
  const { runs, target, top } = layers;
  const { size } = runs[top] as LayerRuns;
  const granularity = mirrorGranularity(clusterSize);
  const isCached = keepsTables(layers);
  let known = nextAllocated(layers, 0);
  let dirtyFrom = 0;
  let passesFrom = 0;
  let sent = 0;
  let bytesSent = 0;
  while (known !== undefined) {
    const start = Math.max(dirtyFrom, Math.floor(known.start / granularity) * granularity);
    let end = start;
    while (end - start < MIRROR_BUFFER_BYTES && end < size) {
      while (known !== undefined && known.end <= end) known = nextAllocated(layers, Math.max(end, known.end));
      if (known === undefined || known.start >= end + granularity) break;
      // Every granule up to the end of the range is to be copied.
      const wanted = Math.min(known.end, size, start + MIRROR_BUFFER_BYTES);
      end += Math.max(1, Math.ceil((wanted - end) / granularity)) * granularity;
    }
    let offset = start;
    // Zeros that are sent as data may need no file to be read: such a request may begin before the next one is sent.
    let mayHaveBegun = true;
    while (offset < Math.min(end, size)) {
      const status = wholeDamage(layers, offset, statusAbove(runs, top, 0, offset, end - offset));
      const whole = Math.floor(status.length / granularity) * granularity;
      const zero = status.zero && whole > 0 && offset % zeroUnit === 0 && whole % zeroUnit === 0;
      const longest =
        zero || status.damaged ? whole : status.zero ? MAX_PARTS * granularity : LONGEST_COPY_BYTES;
      const next = offset + Math.max(Math.min(whole, longest), granularity);
      const isKnown = isCached && status.layer > target;
      sent++;
      if (!zero) bytesSent += next - offset;
      // Where tables are read first, or too much is under way, those sent before may end.
      if (!isKnown || sent > MIRROR_REQUESTS || bytesSent > MIRROR_BUFFER_BYTES) passesFrom = offset;
      yield {
        ...requestOf(status, offset, Math.min(next, size)),
        zero,
        readsZero: status.zero && whole > 0,
        isFirst: mayHaveBegun,
        isKnown,
        passesFrom,
      };
      mayHaveBegun = status.zero && !zero;
      offset = next;
    }
    dirtyFrom = Math.max(end, offset);
    while (known !== undefined && known.end <= dirtyFrom) known = nextAllocated(layers, dirtyFrom);
  }
}

/**
 * The requests of a live commit of layers below the top one: what is allocated, to the sector. Zeros are written as data
 * unless this qemu stores them as zeros (`keepsZeros`).
 */
export function* commitJobRequests(layers: CommitLayers, keepsZeros: boolean): Generator<TargetWrite> {
  const { runs, target, top } = layers;
  const { size } = runs[top] as LayerRuns;
  for (let offset = 0; offset < size; ) {
    // Nothing is sent where no layer decides, and the job ends where one cannot be read.
    const whole = passOver(runs, top, target + 1, offset, size - offset);
    const status =
      whole.layer < 0 || whole.damaged
        ? whole
        : statusAbove(runs, top, target + 1, offset, Math.min(COMMIT_BUFFER_BYTES, size - offset));
    if (status.layer >= 0)
      yield { ...requestOf(status, offset, offset + status.length), zero: status.zero && keepsZeros };
    offset += status.length;
  }
}

/**
 * The status at `offset`, where a committed layer cannot be read as far as that holds: the job ends at its first byte, so
 * that no request is cut there.
 */
function wholeDamage({ runs, target, top }: CommitLayers, offset: number, status: BlockStatus): BlockStatus {
  if (!status.damaged || status.layer <= target) return status;
  return passOver(runs, top, 0, offset, (runs[top] as LayerRuns).size - offset);
}

function requestOf({ zero, layer, damaged }: BlockStatus, start: number, end: number): TargetWrite {
  return {
    start,
    end,
    zero: false,
    readsZero: zero,
    owner: layer,
    damaged,
    isFirst: true,
    isKnown: false,
    passesFrom: undefined,
  };
}
