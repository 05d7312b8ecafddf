import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addSwept, type Columns, createColumns, toTile } from '../../shared/extent/columns.ts';
import {
  BINS_PER_PAGE,
  createPyramid,
  pagePresent,
  sumBins,
  summarizePage,
} from '../../shared/extent/pyramid.ts';
import { Sweeper, type SweepLayer, type SweptPage } from '../../shared/extent/sweep.ts';
import { TILE_COLUMNS } from '../../shared/model/tile.ts';
import {
  arbitraryDirtyLayer,
  arbitraryLayer,
  sweepLayers,
  sweepOverlays,
} from '../support/extent-arbitraries.ts';
import {
  type NaiveLayer,
  type NaiveUnit,
  naiveBits,
  naiveColumn,
  naiveExtents,
  naiveSweep,
  PART_ORDER,
} from '../support/naive-model.ts';
import { tileShare } from '../support/pictures/tile-share.ts';

/** A chain swept page by page, and what the naive walk makes of it. */
interface Swept {
  readonly units: readonly NaiveUnit[];
  readonly lanes: number;
  readonly pages: number;
  sweep(page: number): SweptPage;
}

function sweptChain(layers: readonly NaiveLayer[], scale: number, pageUnits: number): Swept {
  const axis = layers.at(-1)!.words.length;
  const sweeper = new Sweeper();
  const real = layers.map(layer => sweepLayers(layer, scale, pageUnits, axis));
  const overlays = layers.flatMap((layer, i) =>
    layer.dirty === undefined ? [] : [sweepOverlays(layer, i, scale, pageUnits, axis)],
  );
  return {
    units: naiveSweep(layers, axis),
    lanes: layers.length,
    pages: Math.ceil(axis / pageUnits),
    sweep: page =>
      sweeper.sweep(
        real.map(pages => pages[page] as SweepLayer),
        overlays.map(pages => pages[page]!),
        page * pageUnits * scale,
        Math.min(axis, (page + 1) * pageUnits) * scale,
      ),
  };
}

/** Holds one column against the units it holds: bytes of every part and owner, and every bit of the mask. */
function expectColumn(
  columns: Columns,
  c: number,
  units: readonly NaiveUnit[],
  lane: number,
  scale: number,
): void {
  const { present, parts, owners } = naiveColumn(units, lane);
  expect(columns.present[c]).toBe(present);
  expect(PART_ORDER.map((_, part) => columns.bytes.at(c, part) / scale)).toEqual(parts);
  if (lane >= 0) return;
  const found = (columns.owners ?? []).map((bytes, owner) => [owner, (bytes?.[c] ?? 0) / scale] as const);
  expect(new Map(found.filter(([, bytes]) => bytes > 0))).toEqual(
    new Map([...owners].sort(([a], [b]) => a - b)),
  );
}

/** Extents of a page that touch units [from,to). */
function runsIn(
  units: readonly NaiveUnit[],
  lane: number,
  from: number,
  to: number,
  pageUnits: number,
): number {
  let runs = 0;
  for (let base = 0; base < units.length; base += pageUnits) {
    const page = naiveExtents(units, lane, base, Math.min(units.length, base + pageUnits));
    runs += page.filter(({ start, end }) => start < to && end > from).length;
  }
  return runs;
}

/** Runs of summed columns: never more than the extents that touch one, and at most one less for each border inside. */
function expectRuns(
  columns: Columns,
  extents: ReturnType<typeof naiveExtents>,
  span: number,
  bin: number,
): void {
  for (let c = 0; c < columns.count; c++) {
    const touching = extents.filter(({ start, end }) => start < (c + 1) * span && end > c * span).length;
    expect(columns.runs[c]).toBeLessThanOrEqual(touching);
    expect(columns.runs[c]).toBeGreaterThanOrEqual(
      Math.max(Math.min(1, touching), touching - (span / bin - 1)),
    );
  }
}

const chains = fc.array(fc.oneof(arbitraryLayer(), arbitraryDirtyLayer()), { minLength: 1, maxLength: 4 });
const tracksOf = ({ lanes }: Swept, count: number, span: number) =>
  Array.from({ length: lanes + 1 }, (_, t) => createColumns(count, span, t === 0));
const lanesOf = ({ lanes }: Swept) => Array.from({ length: lanes + 1 }, (_, t) => t - 1);

test('bins of the pyramid hold exactly what lies in them, and wider columns are sums of bins', () => {
  fc.assert(
    fc.property(chains, fc.constantFrom(1, 4096), fc.constantFrom(32, 64), (layers, scale, pageUnits) => {
      const swept = sweptChain(layers, scale, pageUnits);
      const { units, pages } = swept;
      const pyramid = createPyramid(pages, pageUnits * scale, layers.length);
      for (let page = 0; page < pages; page++) summarizePage(pyramid, page, swept.sweep(pages - 1 - page));
      for (let page = 0; page < pages; page++) summarizePage(pyramid, page, swept.sweep(page)); // replaces
      const binUnits = pageUnits / BINS_PER_PAGE;
      for (const lane of lanesOf(swept)) {
        const bins = pyramid.tracks[lane + 1]!;
        const extents = naiveExtents(units, lane, 0, units.length);
        for (let c = 0; c < bins.count; c++) {
          expectColumn(bins, c, units.slice(c * binUnits, (c + 1) * binUnits), lane, scale);
          expect(bins.runs[c]).toBe(runsIn(units, lane, c * binUnits, (c + 1) * binUnits, pageUnits));
        }
        for (let page = 0; page < pages; page++)
          expect(pagePresent(pyramid, lane + 1, page)).toBe(
            naiveColumn(units.slice(page * pageUnits, (page + 1) * pageUnits), lane).present,
          );
        for (let span = binUnits; span < 4 * units.length; span *= 2) {
          const wide = createColumns(Math.ceil((pages * pageUnits) / span), span * scale, lane < 0);
          for (let base = 0; base < units.length; base += pageUnits)
            sumBins(
              pyramid,
              lane + 1,
              base * scale,
              Math.min(base + pageUnits, units.length) * scale,
              0,
              wide,
            );
          for (let c = 0; c < wide.count; c++)
            expectColumn(wide, c, units.slice(c * span, (c + 1) * span), lane, scale);
          expectRuns(wide, extents, span, binUnits);
        }
      }
    }),
    { numRuns: 60 },
  );
});

test('columns of any width take in swept pages clipped to a range', () => {
  const given = fc.tuple(
    chains,
    fc.constantFrom(1, 512),
    fc.integer({ min: 1, max: 30 }),
    fc.integer({ min: 1, max: 20 }),
  );
  fc.assert(
    fc.property(given, fc.nat(), fc.nat(), ([layers, scale, pageUnits, span], a, b) => {
      const swept = sweptChain(layers, scale, pageUnits);
      const { units } = swept;
      const from = a % units.length;
      const to = from + 1 + (b % (units.length - from));
      const origin = Math.floor(from / span) * span;
      const tracks = tracksOf(swept, Math.ceil((to - origin) / span), span * scale);
      for (let page = 0; page < swept.pages; page++)
        addSwept(tracks, origin * scale, swept.sweep(page), from * scale, to * scale);
      for (const lane of lanesOf(swept)) {
        const columns = tracks[lane + 1]!;
        for (let c = 0; c < columns.count; c++) {
          const left = Math.max(from, origin + c * span);
          const right = Math.min(to, origin + (c + 1) * span);
          expectColumn(columns, c, units.slice(left, right), lane, scale);
          expect(columns.runs[c]).toBe(runsIn(units, lane, left, right, pageUnits));
        }
      }
    }),
    { numRuns: 200 },
  );
});

test('shares of a tile sum to 255, and no part that is present is lost', () => {
  fc.assert(
    fc.property(
      fc.array(arbitraryLayer(), { minLength: 1, maxLength: 3 }),
      fc.integer({ min: 2, max: 2000 }),
      (list, span) => {
        const scale = 4096;
        // Some units a thousand times: one of the others is far less than one share of 255.
        const layers = list.map(({ words }) => ({
          words: words.flatMap((word, i) => new Array<number>(i % 9 === 4 ? 1000 : 1).fill(word)),
        }));
        const swept = sweptChain(layers, scale, 1_000_000);
        const { units } = swept;
        const tracks = tracksOf(swept, TILE_COLUMNS, span * scale);
        addSwept(tracks, 0, swept.sweep(0), 0, Math.min(units.length, TILE_COLUMNS * span) * scale);
        for (const lane of lanesOf(swept)) {
          const tile = toTile(tracks[lane + 1]!, 7, 3);
          expect([tile.track, tile.tile, tile.owners.length]).toEqual([7, 3, lane < 0 ? TILE_COLUMNS : 0]);
          for (let c = 0; c <= Math.min(units.length / span, TILE_COLUMNS - 1); c++) {
            const { present, parts, owners } = naiveColumn(units.slice(c * span, (c + 1) * span), lane);
            const shares = PART_ORDER.map((_, part) => tileShare(tile, part, c));
            const total = parts.reduce((sum, bytes) => sum + bytes, 0);
            expect(tile.present[c]).toBe(present);
            expect(shares.reduce((sum, share) => sum + share, 0)).toBe(total === 0 ? 0 : 255);
            expect(shares.map(share => share > 0)).toEqual(parts.map(bytes => bytes > 0));
            // Rounding is off by less than one; the largest part also gives one to each that would get nothing.
            const exact = parts.map(bytes => (255 * bytes) / Math.max(1, total));
            const lacking = exact.filter(share => share > 0 && share < 1).length;
            const errors = exact.map((share, part) => (share === 0 ? 0 : Math.abs(shares[part]! - share)));
            expect(Math.max(...errors)).toBeLessThan(1.01 + lacking);
            expect(errors.filter(error => error > 1.01).length).toBeLessThanOrEqual(1);
            if (lane < 0) {
              const most = Math.max(0, ...owners.values());
              const owner = tile.owners[c]!;
              expect(owner < 0 ? 0 : owners.get(owner)).toBe(most);
            }
          }
        }
      },
    ),
    { numRuns: 40 },
  );
});

test('every mark and part that must be seen is in the bins of the extent that carries it', () => {
  fc.assert(
    fc.property(chains, layers => {
      const swept = sweptChain(layers, 4096, 64);
      const pyramid = createPyramid(swept.pages, 64 * 4096, layers.length);
      for (let page = 0; page < swept.pages; page++) summarizePage(pyramid, page, swept.sweep(page));
      for (const lane of lanesOf(swept)) {
        for (const { start, end, word } of naiveExtents(swept.units, lane)) {
          for (let unit = start; unit < end; unit++) {
            const bin = pyramid.tracks[lane + 1]!.present[Math.floor(unit / (64 / BINS_PER_PAGE))]!;
            expect(bin & naiveBits(word)).toBe(naiveBits(word));
          }
        }
      }
    }),
    { numRuns: 60 },
  );
});
