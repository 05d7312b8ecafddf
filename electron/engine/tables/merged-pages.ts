/** Pages of what lies over a layer's extents in the sweep: its dirty bitmaps. */
import type { PageWriter } from '../../../shared/extent/page.ts';
import type { SweepOverlay } from '../../../shared/extent/sweep.ts';
import { mapBitmapPage } from '../../qcow2/read/bitmap-map.ts';
import type { StoredLayer } from './stored-layer.ts';

/** A page to lay over a layer: of the bitmap `name`, or of all that the witness tells nothing about. */
export type OverlayPage = Omit<SweepOverlay, 'layer'> & { readonly name: string | undefined };

/** The dirty bitmaps of one page of a layer: from the file where our own reader has it, else as fed; `only` one by name. */
export function* bitmapPages(
  layer: StoredLayer,
  index: number,
  pageSpan: number,
  writer: PageWriter,
  only: string | undefined,
): Generator<OverlayPage> {
  if (layer.metadata === undefined) {
    const { bitmaps = [], unfedBitmaps = [] } = layer.nbd ?? {};
    for (const { name, table } of bitmaps)
      if (only === undefined || only === name)
        yield { name, page: table.pages[index], words: table.words.words };
    const isUnknown = only === undefined ? unfedBitmaps.length > 0 : unfedBitmaps.includes(only);
    if (isUnknown) yield { name: only, page: undefined, words: [] };
    return;
  }
  const start = index * pageSpan;
  if (start >= layer.plan.size) return;
  for (const { name, map, words } of layer.metadata.bitmaps) {
    if (only !== undefined && only !== name) continue;
    writer.begin();
    mapBitmapPage(map, start, Math.min(start + pageSpan, layer.plan.size), writer);
    yield { name, page: writer.seal(), words: words.words };
  }
}

/** Names of the bitmaps of a layer that are laid over it. */
export function bitmapNames({ metadata, nbd }: StoredLayer): string[] {
  return (metadata ?? nbd)?.bitmaps.map(({ name }) => name) ?? [];
}
