import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ABSENT, DEPTH_SHIFT, LOCAL } from '../../shared/extent/flags.ts';
import { Sweeper, type SweepLayer, type SweepOverlay } from '../../shared/extent/sweep.ts';
import {
  arbitraryDirtyLayer,
  arbitraryHostLayer,
  arbitraryLayer,
  SCALES,
  sweepLayers,
  sweepOverlays,
  unitsOf,
} from '../support/extent-arbitraries.ts';
import { type NaiveLayer, naiveSweep } from '../support/naive-model.ts';

const sweeper = new Sweeper(); // one for all, as in the program: what a sweep leaves behind must not show in the next

/** Sweeps every page of the chain's axis and holds each unit against the naive walk. */
function expectNaive(
  layers: readonly NaiveLayer[],
  scale: number,
  pageUnits: number,
  change: (layer: SweepLayer, index: number) => SweepLayer = layer => layer,
): void {
  const axis = layers.at(-1)!.words.length;
  const real = layers.map(layer => sweepLayers(layer, scale, pageUnits, axis));
  const overlays = layers.flatMap((layer, i) =>
    layer.dirty === undefined ? [] : [sweepOverlays(layer, i, scale, pageUnits, axis)],
  );
  const naive = naiveSweep(layers, axis);
  for (let base = 0; base < axis; base += pageUnits) {
    const page = base / pageUnits;
    const end = Math.min(axis, base + pageUnits);
    const swept = sweeper.sweep(
      real.map((pages, i) => change(pages[page] as SweepLayer, i)),
      overlays.map(pages => pages[page] as SweepOverlay),
      base * scale,
      end * scale,
    );
    expect(swept.words).toHaveLength(layers.length);
    const expected = naive
      .slice(base, end)
      .map(({ words, stop, guest, host }) => ({ words, stop, guest, host }));
    expect(unitsOf(swept, scale)).toEqual(expected);
  }
}

const pageUnits = fc.integer({ min: 1, max: 40 });
const scale = fc.constantFrom(...SCALES);

test('a chain of one to six layers of unequal sizes sweeps as the naive walk does', () => {
  const chain = fc.array(arbitraryLayer(), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(chain, scale, pageUnits, (...given) => expectNaive(...given)),
    { numRuns: 600 },
  );
});

test('bitmaps add to their layer and to nothing else, even where they are not read or the layer has ended', () => {
  const chain = fc.array(fc.oneof(arbitraryLayer(), arbitraryDirtyLayer()), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(chain, scale, pageUnits, (...given) => expectNaive(...given)),
    { numRuns: 400 },
  );
});

test('host offsets are those of the layer where the walk stops', () => {
  const chain = fc
    .constantFrom(1, 512, 2 ** 31 + 1)
    .chain(unit =>
      fc.tuple(fc.array(arbitraryHostLayer(unit), { minLength: 1, maxLength: 4 }), fc.constant(unit)),
    );
  fc.assert(
    fc.property(chain, pageUnits, ([layers, unit], units) => expectNaive(layers, unit, units)),
    { numRuns: 300 },
  );
});

test('the host offsets of a raw layer are its guest offsets', () => {
  fc.assert(
    fc.property(
      fc.array(arbitraryLayer(), { minLength: 2, maxLength: 3 }),
      scale,
      pageUnits,
      (chain, unit, units) => {
        const [base, ...others] = chain as [NaiveLayer, ...NaiveLayer[]];
        const raw = { ...base, hosts: base.words.map((_, i) => i * unit) };
        const withHosts = [raw, ...others];
        expectNaive(withHosts, unit, units, (layer, i) => {
          if (i > 0) return layer;
          if (layer.page === undefined) return { ...layer, identityHosts: true };
          const { hosts: _, ...page } = layer.page;
          return { ...layer, page, identityHosts: true };
        });
      },
    ),
    { numRuns: 200 },
  );
});

test('lists with very many different words sweep the same', () => {
  const deep = Array.from({ length: 200 }, (_, depth) => (LOCAL | ((depth + 1) << DEPTH_SHIFT)) >>> 0);
  const layer = fc
    .shuffledSubarray(deep, { minLength: 120, maxLength: 120 })
    .map(
      (words): NaiveLayer => ({ words: words.flatMap((word, i) => (i % 5 === 0 ? [word, ABSENT] : [word])) }),
    );
  fc.assert(
    fc.property(fc.tuple(layer, layer, layer), chain => expectNaive(chain, 512, 200)),
    { numRuns: 20 },
  );
});
