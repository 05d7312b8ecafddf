/** Where qemu takes holes of an image's file for zeros, which no table tells. */
import { DATA } from '../../qcow2/format/entry.ts';
import { type ChainContent, ContentUnknown } from './chain-content.ts';
import type { LayerRuns } from './layer-runs.ts';

/**
 * True where qemu looks for holes in the file behind data clusters: it has fewer blocks on its disk than clusters in use.
 * Source: qcow2_detect_metadata_preallocation. `allocated` and `bytesOnDisk` are bytes.
 */
export function looksPreallocated(allocated: number, bytesOnDisk: number, clusterSize: number): boolean {
  if (bytesOnDisk < 0) return true; // not known
  const real = Math.floor(bytesOnDisk / clusterSize);
  const threshold = Math.max(Math.floor((real * 10) / 9), real + 2);
  return Math.ceil(allocated / clusterSize) >= threshold;
}

/** Guest offsets [start, end). */
export type HoleRange = readonly [start: number, end: number];

/** Ranges of data of a layer that may lie in holes of its file, in ascending order. Throws QCOW2_READ_FAILED. */
export type FindHoles = (layer: number, start: number, end: number) => readonly HoleRange[];

/** Bytes of the smallest block that a file system makes a hole of. */
const BLOCK_BYTES = 512;
const BLOCK_WORDS = BLOCK_BYTES / 4;
/** Bytes of data that are looked at together. */
const PART_BYTES = 2 ** 20;

/**
 * Finds holes in the files of `layers`, of those among `runs` in whose files qemu looks for them. A hole reads as zeros, so
 * that data with other bytes has none; where data cannot be read, all of it may be one.
 */
export function findHolesIn(
  runs: readonly LayerRuns[],
  layers: ReadonlySet<number>,
  content: ChainContent | undefined,
): FindHoles {
  return (layer, start, end) => {
    const own = runs[layer];
    if (own === undefined || !layers.has(layer)) return [];
    const found: HoleRange[] = [];
    // A request of a whole granule may end behind the layer that its first byte is in.
    const last = Math.min(end, own.size);
    for (let at = start; at < last; ) {
      const run = own.at(at);
      const stop = Math.min(last, run.end, at + PART_BYTES);
      // qemu asks the file about plain clusters alone.
      if (run.kind === DATA) found.push(...zerosOf(content, layer, at, stop));
      at = stop;
    }
    return found;
  };
}

/** Blocks of zeros in data of a layer; all of it where it cannot be read. */
function zerosOf(content: ChainContent | undefined, layer: number, start: number, end: number): HoleRange[] {
  const bytes = new Uint8Array(Math.ceil((end - start) / BLOCK_BYTES) * BLOCK_BYTES);
  if (content === undefined || start % BLOCK_BYTES !== 0) return [[start, end]];
  try {
    content.read(layer, start, bytes.subarray(0, end - start));
  } catch (error) {
    if (!(error instanceof ContentUnknown)) throw error;
    return [[start, end]];
  }
  const words = new Int32Array(bytes.buffer);
  const zeros: HoleRange[] = [];
  for (let word = 0; word < words.length; word += BLOCK_WORDS) {
    if (words.subarray(word, word + BLOCK_WORDS).some(value => value !== 0)) continue;
    const from = start + word * 4;
    const to = Math.min(end, from + BLOCK_BYTES);
    const last = zeros.at(-1);
    if (last?.[1] === from) zeros[zeros.length - 1] = [last[0], to];
    else zeros.push([from, to]);
  }
  return zeros;
}
