/** Pages of what lies over a layer's extents in the sweep: its dirty bitmaps and its damage. */
import { DAMAGED } from '../../../shared/extent/flags.ts';
import type { PageWriter } from '../../../shared/extent/page.ts';
import type { SweepOverlay } from '../../../shared/extent/sweep.ts';
import { mapBitmapPage } from '../../qcow2/read/bitmap-map.ts';
import type { StoredLayer } from './stored-layer.ts';

/** A page to lay over a layer. */
export type OverlayPage = Omit<SweepOverlay, 'layer'>;

/** Codes of the pages that mark damage. */
const UNDAMAGED = 0;
const DAMAGED_HERE = 1;
const DAMAGE_WORDS = [0, DAMAGED];

/** The dirty bitmaps of one page of a layer: from the file where our own reader has it, else as fed; `only` one by name. */
export function* bitmapPages(
  layer: StoredLayer,
  index: number,
  pageSpan: number,
  writer: PageWriter,
  only: string | undefined,
): Generator<OverlayPage> {
  if (layer.metadata === undefined) {
    for (const { name, table } of layer.nbd?.bitmaps ?? [])
      if (only === undefined || only === name) yield { page: table.pages[index], words: table.words.words };
    return;
  }
  const start = index * pageSpan;
  if (start >= layer.plan.size) return;
  for (const { name, map, words } of layer.metadata.bitmaps) {
    if (only !== undefined && only !== name) continue;
    writer.begin();
    mapBitmapPage(map, start, Math.min(start + pageSpan, layer.plan.size), writer);
    yield { page: writer.seal(), words: words.words };
  }
}

/** The clusters of one page that a problem of the layer's metadata is about; undefined where there is none. */
export function damagePage(
  { plan: { size, clusterSize }, problems }: StoredLayer,
  index: number,
  pageSpan: number,
  writer: PageWriter,
): OverlayPage | undefined {
  if (problems.size === 0) return undefined;
  const start = index * pageSpan;
  const end = Math.min(start + pageSpan, size);
  const places = [...problems.values()]
    .filter(({ severity }) => severity !== 'note')
    .map(({ guestOffset = -1 }) => guestOffset - (guestOffset % clusterSize))
    .filter(offset => offset >= start && offset < end)
    .sort((a, b) => a - b);
  if (places.length === 0) return undefined;
  writer.begin();
  let described = start;
  for (const offset of new Set(places)) {
    if (offset > described) writer.push(described - start, UNDAMAGED);
    writer.push(offset - start, DAMAGED_HERE);
    described = offset + clusterSize;
  }
  if (described < end) writer.push(described - start, UNDAMAGED);
  return { page: writer.seal(), words: DAMAGE_WORDS };
}
