/** Random layers for property tests, and the same layers as the pages of the real extent model. */
import fc from 'fast-check';
import {
  ABSENT,
  COMPRESSED,
  DAMAGED,
  DIRTY,
  DIRTY_UNKNOWN,
  HOLE,
  LOCAL,
  RESERVED,
  UNREAD,
  UNREADABLE,
  ZERO,
} from '../../shared/extent/flags.ts';
import { type Page, PageWriter, WordSet } from '../../shared/extent/page.ts';
import type { SweepLayer, SweepOverlay, SweptPage } from '../../shared/extent/sweep.ts';
import { guestWord, layerWord, stopAt } from '../../shared/extent/swept-view.ts';
import type { NaiveLayer, NaiveUnit } from './naive-model.ts';

/** The words that readers make, of one layer. */
export const LAYER_WORDS: readonly number[] = [
  ABSENT | HOLE | ZERO,
  ABSENT,
  ABSENT | HOLE | ZERO | RESERVED,
  LOCAL,
  LOCAL | COMPRESSED,
  LOCAL | HOLE | ZERO,
  LOCAL | HOLE | ZERO | RESERVED,
  LOCAL | ZERO,
  LOCAL | HOLE,
  0,
  HOLE | ZERO,
  UNREAD,
  UNREADABLE,
  LOCAL | DAMAGED,
];

/** Bytes in a unit: aligned and odd ones, and some so large that a page exceeds 2^32 bytes. */
export const SCALES: readonly number[] = [1, 3, 512, 65_536, 2 ** 31 + 1, 2 ** 32, 2 ** 40 + 1];

/** Values in runs of 1 to 9 units, `maxRuns` runs at most. */
export function arbitraryRuns<T>(value: fc.Arbitrary<T>, maxRuns = 16): fc.Arbitrary<T[]> {
  return fc
    .array(fc.tuple(fc.integer({ min: 1, max: 9 }), value), { minLength: 1, maxLength: maxRuns })
    .map(runs => runs.flatMap(([length, word]) => new Array<T>(length).fill(word)));
}

/** A layer of some size; `words` to choose from. */
export function arbitraryLayer(
  words: readonly number[] = LAYER_WORDS,
  maxRuns = 16,
): fc.Arbitrary<NaiveLayer> {
  return arbitraryRuns(fc.constantFrom(...words), maxRuns).map(list => ({ words: list }));
}

/** A layer with a bitmap of which some may not be read. */
export function arbitraryDirtyLayer(): fc.Arbitrary<NaiveLayer> {
  const bits = arbitraryRuns(fc.constantFrom(0, DIRTY, DIRTY_UNKNOWN, undefined));
  return fc.tuple(arbitraryLayer(), bits).map(([{ words }, dirty]) => ({
    words,
    dirty: words.map((_, unit) => dirty[unit % dirty.length]),
  }));
}

/** A layer with host offsets of `scale` bytes a unit: contiguous, scattered and absent ones. */
export function arbitraryHostLayer(scale: number): fc.Arbitrary<NaiveLayer> {
  const places = arbitraryRuns(fc.constantFrom(-1, 0, 7, 1000));
  return fc.tuple(arbitraryLayer(), places).map(([{ words }, hosts]) => ({
    words,
    hosts: words.map((word, unit) => {
      const place = hosts[unit % hosts.length]!;
      return word === UNREAD || place < 0 ? -1 : (place + unit) * scale;
    }),
  }));
}

/** The pages of a list of words, `pageUnits` units of `scale` bytes each; a page of undefined values alone is missing. */
export function pagesOf(
  list: readonly (number | undefined)[],
  words: WordSet,
  scale: number,
  pageUnits: number,
  hosts?: readonly number[],
): (Page | undefined)[] {
  const writer = new PageWriter(hosts !== undefined);
  const pages: (Page | undefined)[] = [];
  for (let base = 0; base < list.length; base += pageUnits) {
    const units = list.slice(base, base + pageUnits);
    if (units.every(word => word === undefined)) {
      pages.push(undefined);
      continue;
    }
    writer.begin();
    units.forEach((word, i) => {
      writer.push(i * scale, words.code(word ?? UNREAD), hosts?.[base + i]);
    });
    pages.push(writer.seal());
  }
  return pages;
}

/** A layer as the sweep takes it, one entry for each page of an axis of `axis` units. A page all UNREAD is missing. */
export function sweepLayers(layer: NaiveLayer, scale: number, pageUnits: number, axis: number): SweepLayer[] {
  const words = new WordSet();
  const read = layer.words.map(word => (word === UNREAD ? undefined : word));
  const pages = pagesOf(read, words, scale, pageUnits, layer.hosts);
  return Array.from({ length: Math.ceil(axis / pageUnits) }, (_, i) => ({
    page: pages[i],
    words: words.words,
    size: layer.words.length * scale,
  }));
}

/** A layer's bitmap as the sweep takes it. */
export function sweepOverlays(
  layer: NaiveLayer,
  index: number,
  scale: number,
  pageUnits: number,
  axis: number,
): SweepOverlay[] {
  const words = new WordSet();
  const pages = pagesOf(layer.dirty ?? [], words, scale, pageUnits);
  return Array.from({ length: Math.ceil(axis / pageUnits) }, (_, i) => ({
    layer: index,
    page: pages[i],
    words: words.words,
  }));
}

/** A swept page unit by unit. Fails when its segments are not in order and without gaps. */
export function unitsOf(
  swept: SweptPage,
  scale: number,
): Pick<NaiveUnit, 'words' | 'stop' | 'guest' | 'host'>[] {
  const units: Pick<NaiveUnit, 'words' | 'stop' | 'guest' | 'host'>[] = [];
  if (swept.starts[swept.count] !== swept.end - swept.base)
    throw new Error('the last segment does not reach the end');
  for (let i = 0; i < swept.count; i++) {
    const start = swept.starts[i]!;
    const end = swept.starts[i + 1]!;
    if (start !== units.length * scale || end <= start) throw new Error(`segment ${i} is out of place`);
    for (let at = start; at < end; at += scale) {
      const host = swept.hosts[i] ?? -1;
      units.push({
        words: swept.words.map((_, layer) => layerWord(swept, layer, i)),
        stop: stopAt(swept, i),
        guest: guestWord(swept, i),
        host: host < 0 ? -1 : host + (at - start),
      });
    }
  }
  return units;
}
