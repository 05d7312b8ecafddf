import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFeeder } from '../../shared/extent/feeder.ts';
import { LOCAL, UNREAD } from '../../shared/extent/flags.ts';
import { type Page, PageWriter, pageIndexAt, pageStart, WordSet } from '../../shared/extent/page.ts';
import { createTable, type ExtentTable, pageSpanFor } from '../../shared/extent/table.ts';
import { LAYER_WORDS } from '../support/extent-arbitraries.ts';

interface Extent {
  readonly start: number;
  readonly word: number;
  readonly host: number;
}

/** Extents in order from 0, with hosts that run on, jump or are absent; equal neighbors do occur. */
function arbitraryExtents(longest: number, words: fc.Arbitrary<number>): fc.Arbitrary<Extent[]> {
  const step = fc.tuple(
    fc.integer({ min: 1, max: longest }),
    words,
    fc.constantFrom('none', 'on', 'jump'),
    fc.nat(),
  );
  return fc.array(step, { minLength: 1, maxLength: 60 }).map(steps => {
    const extents: Extent[] = [];
    let start = 0;
    let host = 0;
    for (const [length, word, kind, place] of steps) {
      if (kind === 'jump') host = place;
      extents.push({ start, word, host: kind === 'none' ? -1 : host });
      start += length;
      host += length;
    }
    return extents;
  });
}

/** The same without neighbors that say the same. */
function coalesced(extents: readonly Extent[], withHosts: boolean): Extent[] {
  const kept: Extent[] = [];
  for (const extent of extents) {
    const last = kept.at(-1);
    const runsOn =
      extent.host < 0
        ? (last?.host ?? 0) < 0
        : last !== undefined && last.host >= 0 && extent.host - last.host === extent.start - last.start;
    if (last?.word === extent.word && (!withHosts || runsOn)) continue;
    kept.push(withHosts ? extent : { ...extent, host: -1 });
  }
  return kept;
}

function written(extents: readonly Extent[], writer: PageWriter, words: WordSet): Page {
  writer.begin();
  for (const { start, word, host } of extents) writer.push(start, words.code(word), host);
  return writer.seal();
}

function readBack(page: Page, words: WordSet): Extent[] {
  return Array.from({ length: page.count }, (_, i) => ({
    start: pageStart(page, i),
    word: words.word(page.codes[i] as number),
    host: page.hosts?.[i] ?? -1,
  }));
}

const someWords = fc.constantFrom(...LAYER_WORDS);
const anyWord = fc.integer({ min: 0, max: 2 ** 32 - 1 });

test.each([
  ['aligned to nothing', 9, someWords],
  ['in pages of many GiB', 2 ** 40, someWords],
  ['with any words at all', 1000, anyWord],
])('extents come back from a page as they were pushed: %s', (_, longest, word) => {
  const writers = [new PageWriter(false), new PageWriter(true)];
  fc.assert(
    fc.property(arbitraryExtents(longest, word), fc.constantFrom(1, 512, 65_536), (list, scale) => {
      const extents = list.map(extent => ({
        ...extent,
        start: extent.start * scale,
        host: extent.host < 0 ? -1 : extent.host * scale,
      }));
      writers.forEach((writer, i) => {
        const words = new WordSet();
        const page = written(extents, writer, words);
        expect(readBack(page, words)).toEqual(coalesced(extents, i === 1));
        for (const { start } of extents) {
          const at = pageIndexAt(page, start);
          expect(pageStart(page, at)).toBeLessThanOrEqual(start);
          if (at + 1 < page.count) expect(pageStart(page, at + 1)).toBeGreaterThan(start);
        }
      });
    }),
    { numRuns: 200 },
  );
});

test('a page of whole clusters takes three bytes an extent', () => {
  const writer = new PageWriter();
  const words = new WordSet();
  writer.begin();
  for (let i = 0; i < 4096; i++) writer.push(i * 65_536, words.code(i % 2 === 0 ? LOCAL : UNREAD));
  const { starts, codes, count } = writer.seal();
  expect((starts.byteLength + codes.byteLength) / count).toBe(3);
});

test('a set of words numbers them as they come and refuses the 65,537th', () => {
  const words = new WordSet();
  const many = Array.from({ length: 65_536 }, (_, i) => i * 3);
  expect(many.map(word => words.code(word))).toEqual(many.map((_, i) => i));
  expect(words.code(9)).toBe(3);
  expect(words.word(3)).toBe(9);
  expect(() => words.code(1)).toThrow(RangeError);
});

test('a page whose codes pass one byte keeps them', () => {
  const words = new WordSet();
  const writer = new PageWriter();
  const extents = Array.from({ length: 300 }, (_, i) => ({ start: i, word: i, host: -1 }));
  expect(readBack(written(extents, writer, words), words)).toEqual(extents);
});

/** The words of a table byte by byte; UNREAD where there is no page. */
function bytesOf({ size, pageSpan, pages, words }: ExtentTable): number[] {
  return Array.from({ length: size }, (_, offset) => {
    const page = pages[Math.floor(offset / pageSpan)];
    return page === undefined
      ? UNREAD
      : words.word(page.codes[pageIndexAt(page, offset % pageSpan)] as number);
  });
}

test('a feeder cuts extents at page borders and at the end, and shows what came so far', () => {
  const feeding = fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), someWords, fc.boolean()), {
    maxLength: 25,
  });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 200 }),
      fc.constantFrom(1, 4, 16, 64, 256),
      feeding,
      (size, span, steps) => {
        const table = createTable(size, span);
        const feeder = createFeeder(table);
        let fed: number[] = [];
        for (const [length, word, flush] of steps) {
          feeder.append(length, word);
          fed = [...fed, ...new Array<number>(length).fill(word)].slice(0, size);
          expect(feeder.position).toBe(fed.length);
          if (!flush) continue;
          feeder.flush();
          expect(bytesOf(table)).toEqual(Array.from({ length: size }, (_, i) => fed[i] ?? UNREAD));
        }
        feeder.flush();
        expect(bytesOf(table)).toEqual(Array.from({ length: size }, (_, i) => fed[i] ?? UNREAD));
        const counted = fed.filter((word, i) => i % span === 0 || fed[i - 1] !== word).length;
        expect(feeder.extents).toBe(counted);
        for (const page of table.pages) {
          if (page === undefined) continue;
          for (let i = 1; i < page.count; i++) expect(page.codes[i]).not.toBe(page.codes[i - 1]);
        }
      },
    ),
    { numRuns: 400 },
  );
});

test('pages are a power of two of at least 64 MiB and at most 4,096 cover any size', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), size => {
      const span = pageSpanFor(size);
      expect(Number.isInteger(Math.log2(span))).toBe(true);
      expect(span).toBeGreaterThanOrEqual(2 ** 26);
      expect(Math.ceil(size / span)).toBeLessThanOrEqual(4096);
      if (span > 2 ** 26) expect(size).toBeGreaterThan((span / 2) * 4096);
    }),
  );
});
