/** Bounds on what came over NBD: it cannot be dropped and read again. */
import { CowscopeError } from '../../../shared/error.ts';
import type { StatusBatch } from '../../../shared/extent/status-batch.ts';
import { MAX_PAGE_EXTENTS } from '../../../shared/extent/table.ts';
import { formatSize } from '../../../shared/text/offset.ts';
import type { EnginePlan } from '../worker/protocol.ts';
import { feedersOf, type StoredLayer } from './stored-layer.ts';

/**
 * Bytes of memory for extents that came over NBD and cannot be dropped and read again: 150 million of usual ones. The
 * replies under way, of at most 128 MiB each, take from it too, so that the whole program stays below 1 GiB.
 */
const MAX_FED_BYTES = 448 * 2 ** 20;
/** Replies in memory while one is decoded: that one, the next, and what is not collected yet of those before. */
const REPLIES_HELD = 4;

/** Extents that came over NBD for layers with or without metadata, and the bytes of memory that they take. */
export function fedOverNbd(
  layers: readonly StoredLayer[],
  withMetadata: boolean,
): { extents: number; bytes: number } {
  const sum = { extents: 0, bytes: 0 };
  for (const { nbd, metadata } of layers) {
    if (nbd === undefined || (metadata !== undefined) !== withMetadata) continue;
    for (const feeder of feedersOf(nbd)) {
      sum.extents += feeder.extents;
      sum.bytes += feeder.bytes;
    }
  }
  return sum;
}

/** What the budget of a chain is about. */
interface FedChain {
  readonly plan: EnginePlan;
  readonly layers: readonly StoredLayer[];
  readonly pageSpan: number;
}

/** Throws TOO_MANY_EXTENTS when what came over NBD for layers without metadata takes too much memory. */
export function checkFedBudget(
  { plan, layers, pageSpan }: FedChain,
  layer: StoredLayer,
  { lists }: StatusBatch,
): void {
  if (layer.metadata !== undefined || layer.nbd === undefined) return;
  if (feedersOf(layer.nbd).some(({ pageExtents }) => pageExtents > MAX_PAGE_EXTENTS))
    throw tooManyExtents(layer, `more than ${MAX_PAGE_EXTENTS} extents in ${formatSize(pageSpan)}`);
  const fed = fedOverNbd(layers, false);
  if (fed.extents > plan.extentBudget) throw tooManyExtents(layer, `more than ${plan.extentBudget} extents`);
  const replies = REPLIES_HELD * lists.reduce((bytes, { payload }) => bytes + payload.byteLength, 0);
  if (fed.bytes + replies > MAX_FED_BYTES)
    throw tooManyExtents(layer, `so many extents that they take more than ${formatSize(MAX_FED_BYTES)}`);
}

function tooManyExtents({ plan }: StoredLayer, what: string): CowscopeError {
  return new CowscopeError({
    code: 'TOO_MANY_EXTENTS',
    what: `the server describes ${what}: they do not fit in memory`,
    subject: plan.title,
    advice: 'open the image file itself: its own tables are read in parts',
  });
}
