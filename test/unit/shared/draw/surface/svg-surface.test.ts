import { describe, expect, test } from 'vitest';
import { colorSetOf, pixelOf } from '../../../../../shared/draw/color-set.ts';
import { laneLayout } from '../../../../../shared/draw/lane-layout.ts';
import { paintAxis } from '../../../../../shared/draw/paint-axis.ts';
import { paintOverview } from '../../../../../shared/draw/paint-overview.ts';
import { paintTrack } from '../../../../../shared/draw/paint-track.ts';
import { type ColumnStrip, createColumnStrip, MARKS } from '../../../../../shared/draw/strip/column-strip.ts';
import { RasterSurface } from '../../../../../shared/draw/surface/raster-surface.ts';
import type { Surface } from '../../../../../shared/draw/surface/surface.ts';
import { SvgPatterns } from '../../../../../shared/draw/surface/svg-patterns.ts';
import { SvgSurface } from '../../../../../shared/draw/surface/svg-surface.ts';
import { partOf } from '../../../../../shared/extent/parts.ts';
import { DARK_PALETTE, LIGHT_PALETTE } from '../../../../../shared/palette.ts';
import { randomNumbers, randomStrip } from '../../../../support/pictures/random-strips.ts';
import { svgPixels } from '../../../../support/pictures/svg-pixels.ts';
import { elementsOf, parseXml, type XmlElement } from '../../../../support/xml.ts';

const RED = pixelOf('#ff0000');
const BLUE = pixelOf('#0000ff');

/** The pixels of everything but patterns, shapes and texts, laid out by the sizes that texts have in SVG. */
class RectanglesAlone extends RasterSurface {
  readonly #svg: SvgSurface;
  constructor(width: number, height: number) {
    super({ width, height, unit: 1, texts: () => ({ width: 0, height: 0, alpha: new Uint8Array(0) }) });
    this.#svg = new SvgSurface(width, height, new SvgPatterns('p'));
  }
  override fillLines(): void {}
  override fillDots(): void {}
  override fillHatch(): void {}
  override drawShape(): void {}
  override drawText(): void {}
  override textSize(text: string) {
    return this.#svg.textSize(text);
  }
}

function drawn(width: number, height: number, paint: (surface: Surface) => void): XmlElement {
  const surface = new SvgSurface(width, height, new SvgPatterns('p'));
  paint(surface);
  return parseXml(surface.toElement(0, 0));
}

function expectSamePixels(width: number, height: number, paint: (surface: Surface) => void): void {
  const raster = new RectanglesAlone(width, height);
  paint(raster);
  expect(svgPixels(drawn(width, height, paint)).pixels).toEqual(raster.pixels);
}

const OPTIONS = {
  labels: (run: { part: number }) => [`a rather long label of part ${run.part}`, 'short', 'x'],
  faded: [],
  marks: MARKS,
  phase: 12345,
};

describe('the same calls on both surfaces', () => {
  test.each([
    ['wide runs', 90, 11],
    ['runs of a few pixels', 9, 12],
    ['runs of a pixel', 1, 13],
  ] as const)('draw the rectangles of lanes of %s pixel for pixel', (_, longest, seed) => {
    const random = randomNumbers(seed);
    for (const palette of [LIGHT_PALETTE, DARK_PALETTE])
      for (const height of [20, 41, 64, 84])
        for (const captions of [undefined, () => '2']) {
          const strip = randomStrip(257, longest, random);
          expectSamePixels(257, height, surface =>
            paintTrack(surface, strip, laneLayout(height, 1), colorSetOf(palette), { ...OPTIONS, captions }),
          );
        }
  });

  test('draw the rectangles of the overview and the axis pixel for pixel', () => {
    const random = randomNumbers(14);
    const strips = [1, 2, 3].map(() => randomStrip(300, 5, random));
    expectSamePixels(300, 44, surface => paintOverview(surface, strips, colorSetOf(LIGHT_PALETTE), 1));
    const colors = { ground: BLUE, line: RED, offset: RED, size: RED };
    expectSamePixels(900, 24, surface => paintAxis(surface, { start: 0, end: 2 ** 33 }, 900, colors));
  });
});

test('a lane of one state is one rectangle, however wide it is', () => {
  const strip: ColumnStrip = createColumnStrip(2000);
  strip.part.fill(partOf(0));
  const svg = drawn(2000, 64, surface =>
    paintTrack(surface, strip, laneLayout(64, 1), colorSetOf(LIGHT_PALETTE), {
      ...OPTIONS,
      labels: () => [],
    }),
  );
  expect(svg.children.map(({ attributes }) => attributes.d)).toEqual([
    'M0 0h2000v48h-2000z',
    'M0 48h2000v16h-2000z',
    'M0 49h2000v3h-2000z',
    'M0 52h2000v5h-2000z',
  ]);
});

test('rectangles of one color in a row are one path; empty ones are left out', () => {
  const svg = drawn(10, 10, surface => {
    surface.fillRect(0, 0, 1, 1, RED);
    surface.fillRect(4, 4, 6, 7, RED);
    surface.fillRect(5, 5, 5, 9, RED);
    surface.fillRect(0, 0, 1, 1, BLUE);
  });
  expect(svg.children.map(({ attributes: { fill, d } }) => [fill, d])).toEqual([
    ['#ff0000', 'M0 0h1v1h-1zM4 4h2v3h-2z'],
    ['#0000ff', 'M0 0h1v1h-1z'],
  ]);
});

test('a pattern is written once for every way it looks', () => {
  const patterns = new SvgPatterns('a-');
  const surface = new SvgSurface(100, 50, patterns);
  surface.fillHatch(0, 0, 50, 50, { period: 6, line: 1, phase: 7, falling: false, color: RED });
  surface.fillHatch(60, 0, 70, 50, { period: 6, line: 1, phase: 13, falling: false, color: RED });
  surface.fillHatch(60, 0, 70, 50, { period: 6, line: 1, phase: 13, falling: true, color: RED });
  surface.fillDots(0, 0, 50, 50, { period: 4, dot: 1, phase: 0, color: BLUE });
  surface.fillLines(0, 0, 50, 50, { period: 3, line: 1, color: BLUE });
  const page = parseXml(`<g>${patterns.toElements()}${surface.toElement(0, 0)}</g>`);
  const ids = page.children.filter(({ name }) => name === 'pattern').map(({ attributes }) => attributes.id);
  expect(ids).toEqual(['a-0', 'a-1', 'a-2', 'a-3']);
  const fills = elementsOf(page).flatMap(({ attributes: { fill = '', d } }) =>
    fill.startsWith('url') ? [[fill, d]] : [],
  );
  expect(fills).toEqual([
    ['url(#a-0)', 'M0 0h50v50h-50zM60 0h10v50h-10z'],
    ['url(#a-1)', 'M60 0h10v50h-10z'],
    ['url(#a-2)', 'M0 0h50v50h-50z'],
    ['url(#a-3)', 'M0 0h50v48h-50z'],
  ]);
});

test('texts are text: markup and what XML does not allow are neither kept nor dropped unseen', () => {
  const hostile = '</text><script>&"\'\u0000\u001b[2J\ud800</svg>';
  const svg = drawn(400, 20, surface => surface.drawText(hostile, 1, 2, RED));
  expect(svg.children.map(({ name }) => name)).toEqual(['text']);
  expect(svg.children[0]?.text).toBe('</text><script>&"\'\ufffd\ufffd[2J\ufffd</svg>');
});

test('a text is as wide as it was measured, wide characters count twice', () => {
  const surface = new SvgSurface(400, 20, new SvgPatterns('p'));
  expect(surface.textSize('0123456789')).toEqual({ width: 66, height: 14 });
  expect(surface.textSize('磁盘').width).toBe(surface.textSize('disk').width);
  surface.drawText('0123456789', 5, 3, RED);
  expect(parseXml(surface.toElement(0, 0)).children[0]?.attributes).toMatchObject({
    x: '5',
    textLength: '66',
    fill: '#ff0000',
  });
});
