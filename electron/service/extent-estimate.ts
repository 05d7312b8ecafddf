/** The most extents that reading a chain can give, from its L1 tables alone: known before anything large is read. */
import { CowscopeError } from '../../shared/error.ts';
import { chainPageSpan } from '../../shared/extent/table.ts';
import type { ChainEstimate, ChainInfo } from '../../shared/model/layer.ts';
import { formatSize } from '../../shared/text/offset.ts';
import { BufferedSource } from '../chain/buffered-source.ts';
import type { OpenLayer } from '../chain/discover.ts';
import { EntryTable } from '../qcow2/read/entry-table.ts';
import type { ImageSource } from '../qcow2/read/source.ts';

/** Extents held in memory before exact pages are dropped and read again on demand, unless the options say otherwise. */
export const EXTENT_BUDGET = 150_000_000;

/** Bytes of a code, and of a start in units: see shared/extent/page.ts. */
const CODE_BYTES = 1;
const NARROW_BYTES = 2;
const WIDE_BYTES = 4;
/** Entries of an L1 table that are counted: those of the largest that qemu opens. */
const MAX_COUNTED = 2 ** 22;
/** Entries counted in one go: this thread has a window to serve. */
const COUNTED_AT_ONCE = 2 ** 16;

/**
 * An upper bound of the extents in the tables of the active disks, and of the memory they take. A layer whose L1 table
 * cannot be read adds nothing; undefined where no layer has one.
 */
async function estimateOf(layers: readonly OpenLayer[]): Promise<ChainEstimate | undefined> {
  const pageSpan = chainPageSpan(
    layers.map(({ info }) => info.size),
    layers.flatMap(({ image }) => image?.geometry.clusterSize ?? []),
  );
  let extents = 0;
  let bytes = 0;
  let counted = 0;
  for (const { image, info, source } of layers) {
    if (image === undefined) continue;
    const { l2Entries, subclusters, clusterSize } = image.geometry;
    const tables = await countTables(image, source);
    if (tables === undefined) continue;
    counted++;
    const unit = clusterSize / subclusters;
    // Each table splits what is around it, and each page begins a new extent.
    const most = Math.min(
      tables * l2Entries * subclusters + tables + Math.ceil(info.size / pageSpan),
      Math.ceil(info.size / unit),
    );
    extents += most;
    bytes += most * (CODE_BYTES + (pageSpan / unit <= 2 ** 16 ? NARROW_BYTES : WIDE_BYTES));
  }
  return counted === 0 ? undefined : { extents, bytes };
}

async function countTables(
  { header, geometry }: NonNullable<OpenLayer['image']>,
  source: OpenLayer['source'],
): Promise<number | undefined> {
  const entries = Math.min(header.l1Size, geometry.l1Needed);
  if (entries > MAX_COUNTED) return undefined;
  let tables = 0;
  try {
    for (let first = 0; first < entries; first += COUNTED_AT_ONCE) {
      const count = Math.min(entries - first, COUNTED_AT_ONCE);
      const usedIn = (from: ImageSource) =>
        usedEntries(new EntryTable(from, header.l1TableOffset + first * 8, count));
      const buffered = new BufferedSource(source); // of this piece alone
      tables += source.frames === undefined ? await buffered.compute(() => usedIn(buffered)) : usedIn(source);
    }
    return tables;
  } catch (error) {
    if (error instanceof CowscopeError) return undefined;
    throw error;
  }
}

function usedEntries(table: EntryTable): number {
  let used = 0;
  for (let i = table.nextUsed(0, table.count); i < table.count; i = table.nextUsed(i + 1, table.count))
    used++;
  return used;
}

/** The chain with that estimate, and a note where it is more than is kept in memory. */
export async function withEstimate(
  chain: ChainInfo,
  layers: readonly OpenLayer[],
  budget = EXTENT_BUDGET,
): Promise<ChainInfo> {
  const estimate = await estimateOf(layers);
  if (estimate === undefined) return chain;
  if (estimate.extents <= budget) return { ...chain, estimate };
  const note =
    `the layers may hold up to ${formatMillions(estimate.extents)} extents (${formatSize(estimate.bytes)}), more than the ` +
    `${formatMillions(budget)} that are kept in memory: past that, exact extents are read again for what is looked at`;
  return { ...chain, estimate, notes: [...chain.notes, note] };
}

/** A count of extents for a sentence. */
export function formatMillions(count: number): string {
  return count < 1e6 ? String(count) : `${(count / 1e6).toPrecision(3)} million`;
}
