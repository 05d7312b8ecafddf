import { describe, expect, test } from 'vitest';
import { colorSetOf, type Pixel } from '../../../../../shared/draw/color-set.ts';
import { laneLayout } from '../../../../../shared/draw/lane-layout.ts';
import { paintTrack } from '../../../../../shared/draw/paint-track.ts';
import { chainPictureSvg, type DrawnChain } from '../../../../../shared/draw/picture/chain-picture-svg.ts';
import { createColumnStrip, MARKS } from '../../../../../shared/draw/strip/column-strip.ts';
import { stripFromExtents } from '../../../../../shared/draw/strip/strip-from-extents.ts';
import { RasterSurface } from '../../../../../shared/draw/surface/raster-surface.ts';
import { trackCaptions, trackLabels } from '../../../../../shared/draw/track-labels.ts';
import { DARK_PALETTE, LIGHT_PALETTE, type Palette } from '../../../../../shared/palette.ts';
import { escapeUntrusted } from '../../../../../shared/text/untrusted-text.ts';
import { type SvgPixels, svgPixels } from '../../../../support/pictures/svg-pixels.ts';
import { type FakeChain, goldenChain, shortMiddleChain } from '../../../../support/window/fake-chain.ts';
import { elementsOf, parseXml, type XmlElement } from '../../../../support/xml.ts';

const WIDTH = 640;
const LANE_HEIGHT = 64;

/** Exact extents of every track, as the engine answers them. */
async function read(chain: FakeChain) {
  await chain.read();
  const reply = await chain.ask('extents', { start: 0, end: chain.info.size });
  if (reply.tooMany) throw new Error('the chain has too many extents for this test');
  return { ...chain, extents: reply.tracks };
}

type ReadChain = Awaited<ReturnType<typeof read>>;

function pictureOf(chain: ReadChain, palette: Palette, start = 0, end = chain.info.size): DrawnChain {
  const view = { start, end };
  const strips = chain.extents.map(extents => {
    const strip = createColumnStrip(WIDTH);
    stripFromExtents(strip, extents, chain.info.size, view);
    return strip;
  });
  return { opened: { chain: chain.info, tracks: chain.tracks }, view, strips, palette };
}

/** The lanes of a document, in order. */
function lanesOf(document: XmlElement): XmlElement[] {
  return document.children.filter(
    ({ name, attributes: { width, height } }) =>
      name === 'svg' && width === `${WIDTH}` && height === `${LANE_HEIGHT}`,
  );
}

function dominantColor({ width, pixels }: SvgPixels, column: number, rows: number): Pixel {
  const counts = new Map<Pixel, number>();
  for (let y = 0; y < rows; y++) {
    const color = pixels[y * width + column] as Pixel;
    counts.set(color, (counts.get(color) ?? 0) + 1);
  }
  return [...counts].reduce((most, entry) => (entry[1] > most[1] ? entry : most))[0];
}

const CHAINS = [
  ['golden', await read(goldenChain())],
  ['short-middle', await read(shortMiddleChain())],
] as const;
const PALETTES = [LIGHT_PALETTE, DARK_PALETTE];

describe.each(CHAINS)('the picture of the %s chain', (_, chain) => {
  test('agrees with the window on the dominant color of every column of every lane', () => {
    const { bodyEnd } = laneLayout(LANE_HEIGHT, 1);
    for (const palette of PALETTES)
      for (const [start, end] of [
        [0, chain.info.size],
        [100_000, 700_001],
      ]) {
        const picture = pictureOf(chain, palette, start, end);
        const lanes = lanesOf(parseXml(chainPictureSvg(picture)));
        expect(lanes).toHaveLength(chain.tracks.length);
        for (const [i, track] of chain.tracks.entries()) {
          const texts = () => ({ width: WIDTH, height: 14, alpha: new Uint8Array(WIDTH * 14) });
          const raster = new RasterSurface({ width: WIDTH, height: LANE_HEIGHT, unit: 1, texts });
          paintTrack(raster, picture.strips[track.id]!, laneLayout(LANE_HEIGHT, 1), colorSetOf(palette), {
            labels: trackLabels(track, picture.opened),
            captions: trackCaptions(track, picture.opened),
            ownerCount: picture.opened.tracks.length - 1,
            faded: [],
            marks: MARKS,
            phase: 0,
          });
          const svg = svgPixels(lanes[i]!);
          const wrong = Array.from({ length: WIDTH }, (_, column) => column).filter(
            column => dominantColor(svg, column, bodyEnd) !== dominantColor(raster, column, bodyEnd),
          );
          expect(wrong, `track ${track.id}`).toEqual([]);
        }
      }
  });

  test('is a document of plain shapes and texts, that names every layer', () => {
    const document = parseXml(chainPictureSvg(pictureOf(chain, LIGHT_PALETTE)));
    const names = new Set(elementsOf(document).map(({ name }) => name));
    expect([...names].sort()).toEqual(['defs', 'path', 'pattern', 'rect', 'svg', 'text', 'title']);
    expect(document.attributes.xmlns).toBe('http://www.w3.org/2000/svg');
    const texts = elementsOf(document)
      .filter(({ name }) => name === 'text')
      .map(({ text }) => text);
    expect(texts).toEqual(
      expect.arrayContaining(['Guest', ...chain.info.layers.map(({ name }) => escapeUntrusted(name))]),
    );
  });
});

function textsOf(picture: DrawnChain): string[] {
  return elementsOf(parseXml(chainPictureSvg(picture)))
    .filter(({ name }) => name === 'text')
    .map(({ text }) => text);
}

test('the legend names what occurs in the picture and nothing else', () => {
  const [[, golden], [, shortMiddle]] = CHAINS;
  const legend = textsOf(pictureOf(golden, LIGHT_PALETTE));
  expect(legend).toEqual(
    expect.arrayContaining(['zero (no space)', 'zero (allocated)', 'zeros that hide data', 'override']),
  );
  expect(legend).not.toContain('dirty');
  expect(legend).not.toContain('hidden by a shorter layer');
  expect(textsOf(pictureOf(shortMiddle, LIGHT_PALETTE))).toContain('hidden by a shorter layer');
});

test('names of layers are text, whatever is in them', () => {
  const chain = CHAINS[0][1];
  const hostile = '"><script>alert(1)</script>&\u0007\u202e]]>';
  const info = {
    ...chain.info,
    layers: chain.info.layers.map(layer => ({ ...layer, name: hostile })),
  };
  const tracks = chain.tracks.map(track => ({ ...track, title: hostile }));
  const svg = chainPictureSvg({ ...pictureOf(chain, LIGHT_PALETTE), opened: { chain: info, tracks } });
  const document = parseXml(svg);
  expect(svg).not.toContain('<script');
  expect(elementsOf(document).map(({ name }) => name)).not.toContain('script');
  expect(document.attributes['aria-label']).toContain('"><script>');
  expect(elementsOf(document).some(({ text }) => text.startsWith('"><script>'))).toBe(true);
});

test('the whole disk stands above a view of a part of it', () => {
  const chain = CHAINS[0][1];
  const whole = pictureOf(chain, LIGHT_PALETTE);
  const part = pictureOf(chain, LIGHT_PALETTE, 0, 65_536);
  const document = parseXml(chainPictureSvg({ ...part, overview: whole.strips }));
  const heights = document.children
    .filter(({ name, attributes }) => name === 'svg' && attributes.width === `${WIDTH}`)
    .map(({ attributes }) => attributes.height);
  expect(heights).toEqual(['36', '24', '64', '64', '64', '64']);
  expect(textsOf({ ...part, overview: whole.strips })).toContain('Whole disk');
  expect(textsOf(part)).not.toContain('Whole disk');
});

test('two pictures in one page keep their patterns apart', () => {
  const picture = pictureOf(CHAINS[0][1], LIGHT_PALETTE);
  const idsOf = (idPrefix: string) =>
    elementsOf(parseXml(chainPictureSvg({ ...picture, idPrefix }))).flatMap(
      ({ attributes }) => attributes.id ?? [],
    );
  expect(idsOf('a-').length).toBeGreaterThan(0);
  expect(idsOf('a-').filter(id => idsOf('b-').includes(id))).toEqual([]);
});

test('no name and no facts of a layer reach into its lane, whatever their numbers', () => {
  const [, chain] = CHAINS[0];
  const layers = chain.info.layers.map(layer => ({
    ...layer,
    index: layer.index + 100,
    clusterSize: 2 ** 17,
  }));
  const tracks = chain.tracks.map(track => ({ ...track, size: 2 ** 40 - 2 ** 24 }));
  const picture = pictureOf(chain, LIGHT_PALETTE);
  const document = parseXml(
    chainPictureSvg({ ...picture, opened: { chain: { ...chain.info, layers }, tracks } }),
  );
  const [lane] = lanesOf(document);
  const heads = document.children.filter(({ name, attributes: { x } }) => name === 'svg' && x === '12');
  const texts = heads.flatMap(head =>
    elementsOf(head)
      .filter(({ name }) => name === 'text')
      .map(({ attributes, text }) => {
        const end = Number(head.attributes.x) + Number(attributes.x) + Number(attributes.textLength);
        return { text, gap: Number(lane?.attributes.x) - end };
      }),
  );
  expect(texts.map(({ text }) => text)).toEqual(
    expect.arrayContaining(['layer 102, qcow2, 1023.98 GiB', '128 KiB clusters']),
  );
  for (const { text, gap } of texts) expect(gap, text).toBeGreaterThanOrEqual(6);
});
