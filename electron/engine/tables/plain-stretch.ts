/** Long stretches of the disk in which no layer has anything: one page stands for most of a disk of petabytes. */
import type { Page } from '../../../shared/extent/page.ts';
import type { SweepLayer } from '../../../shared/extent/sweep.ts';
import { bitlessStretch } from '../../qcow2/read/bitmap-map.ts';
import { entrylessStretch, tablePart, wasPlain } from '../../qcow2/read/map.ts';
import type { OverlayPage } from './merged-pages.ts';
import type { StoredLayer } from './stored-layer.ts';

/** A bitmap that is laid over one of the layers of a stretch, by its place among them. */
export type StretchOverlay = OverlayPage & { readonly layer: number };

/** A stretch from some offset to `end`, with what a sweep takes for its layers and bitmaps. */
export interface PlainStretch {
  readonly end: number;
  readonly layers: readonly SweepLayer[];
  readonly overlays: readonly StretchOverlay[];
}

/**
 * The stretch of `layers` (base first) from guest offset `start` up to `limit` at most in which each is described by no
 * table with an entry, or has ended; undefined where one is not. `bitmap` is the only one that counts, by its name, undefined for all.
 */
export function plainStretch(
  layers: readonly StoredLayer[],
  start: number,
  limit: number,
  bitmap: { readonly layer: number; readonly name: string } | undefined,
): PlainStretch | undefined {
  let end = limit;
  const swept: SweepLayer[] = [];
  const overlays: StretchOverlay[] = [];
  for (const [at, { index, plan, metadata }] of layers.entries()) {
    const words = metadata?.table.words.words ?? [];
    if (start >= plan.size) {
      swept.push({ page: undefined, words, size: plan.size });
      continue;
    }
    const stretch = metadata === undefined ? undefined : entrylessStretch(metadata.map, start);
    if (metadata === undefined || stretch === undefined) return undefined;
    end = Math.min(end, stretch.end);
    swept.push({ page: plainPage(stretch.kind), words, size: plan.size });
    for (const { name, map, words: bits } of metadata.bitmaps) {
      if (bitmap !== undefined && (bitmap.layer !== index || bitmap.name !== name)) continue;
      const clean = bitlessStretch(map, start);
      if (clean === undefined) return undefined;
      end = Math.min(end, clean.end);
      overlays.push({ layer: at, name, page: plainPage(clean.code), words: bits.words });
    }
  }
  return { end, layers: swept, overlays };
}

/**
 * Names what describes the page of `layers` from `start` to `end`: a part of one L2 table, or one table again and again, in
 * at least one of them, and no table with an entry in the others. Pages of one name are swept to the same, where
 * {@link werePlain} was true of one of them. Undefined where the page has no such name. `bitmap` is the only one that counts.
 */
export function pageName(
  layers: readonly StoredLayer[],
  { start, end }: { readonly start: number; readonly end: number },
  bitmap: { readonly layer: number; readonly name: string } | undefined,
): string | undefined {
  const parts: string[] = [];
  let hasTable = false;
  for (const { index, plan, metadata } of layers) {
    if (start >= plan.size) {
      parts.push('ended');
      continue;
    }
    if (metadata === undefined || end > plan.size) return undefined;
    const bare = entrylessStretch(metadata.map, start);
    if (bare !== undefined && bare.end < end) return undefined;
    const part = bare === undefined ? tablePart(metadata.map, start, end) : `bare ${bare.kind}`;
    if (part === undefined) return undefined;
    hasTable ||= bare === undefined;
    parts.push(part);
    for (const { name, map } of metadata.bitmaps) {
      if (bitmap !== undefined && (bitmap.layer !== index || bitmap.name !== name)) continue;
      const clean = bitlessStretch(map, start);
      if (clean === undefined || clean.end < end) return undefined;
      parts.push(`bits ${clean.code}`);
    }
  }
  return hasTable ? parts.join(' ') : undefined;
}

/** True if nothing was unusual in the pages of `layers` at `start` that were mapped last. */
export function werePlain(layers: readonly StoredLayer[], start: number): boolean {
  return layers.every(
    ({ plan, metadata }) =>
      start >= plan.size ||
      (metadata !== undefined &&
        (entrylessStretch(metadata.map, start) !== undefined || wasPlain(metadata.map, start))),
  );
}

const PLAIN_PAGES: Page[] = [];

/** A page of one extent without host offset, whatever its length. */
function plainPage(code: number): Page {
  PLAIN_PAGES[code] ??= {
    count: 1,
    shift: 31,
    starts: new Uint16Array(1),
    codes: Uint8Array.of(code),
    hosts: Float64Array.of(-1),
  };
  return PLAIN_PAGES[code];
}
