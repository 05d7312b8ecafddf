/**
 * Small chains are read in the thread that opens them, by programs that have nothing else to do meanwhile: starting a
 * worker thread takes longer than reading a few tables.
 */
import type { EngineThread } from './engine-thread.ts';
import type { LayerPlan } from './protocol.ts';

/**
 * Bytes of L2 tables of a small chain, all layers together, if every table is there: a disk of 8 GiB in one layer with
 * clusters of 64 KiB. From about there on a second thread saves more time than it costs to start.
 */
const SMALL_TABLE_BYTES = 2 ** 20;

let openInPlace: (() => Promise<EngineThread>) | undefined;

/** From now on small chains are read by the engines that `open` makes. To be called by a program without a window. */
export function readSmallChainsInPlace(open: () => Promise<EngineThread>): void {
  openInPlace = open;
}

/** An engine in this thread, or undefined where the chain of these layers is to be read by a worker. */
export async function inPlaceThreadFor(layers: readonly LayerPlan[]): Promise<EngineThread | undefined> {
  const isRead = layers.every(({ metadata, nbd }) => metadata !== undefined && nbd === undefined);
  return isRead && mayReadInPlace(layers) ? await openInPlace?.() : undefined;
}

/** Whether layers of these sizes, which need not be all layers of their chain, are few enough to be read in place. */
export function mayReadInPlace(layers: readonly Pick<LayerPlan, 'size' | 'clusterSize'>[]): boolean {
  if (openInPlace === undefined) return false;
  const bytes = layers.map(({ size, clusterSize }) => Math.ceil(size / clusterSize) * L2_ENTRY_BYTES);
  return bytes.reduce((sum, of) => sum + of, 0) <= SMALL_TABLE_BYTES;
}

/** Of an entry of an L2 table; those with subclusters have twice as many. */
const L2_ENTRY_BYTES = 8;
