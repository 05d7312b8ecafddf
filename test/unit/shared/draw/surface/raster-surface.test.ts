/**
 * Every pixel of many random pictures, as SHA-256 digests. A change that is meant to leave the window as it is keeps
 * them; one that is meant to change the picture replaces them, with the pictures compared by eye.
 */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { colorSetOf, pixelOf } from '../../../../../shared/draw/color-set.ts';
import { holeSwatchLayout, type LaneLayout, laneLayout } from '../../../../../shared/draw/lane-layout.ts';
import { paintAxis } from '../../../../../shared/draw/paint-axis.ts';
import { paintOverview } from '../../../../../shared/draw/paint-overview.ts';
import { paintTrack } from '../../../../../shared/draw/paint-track.ts';
import { MARKS } from '../../../../../shared/draw/strip/column-strip.ts';
import { RasterSurface, type TextMasks } from '../../../../../shared/draw/surface/raster-surface.ts';
import { PARTS } from '../../../../../shared/extent/parts.ts';
import { PRESENT } from '../../../../../shared/model/tile.ts';
import { DARK_PALETTE, LIGHT_PALETTE } from '../../../../../shared/palette.ts';
import { noisyMask, randomNumbers, randomStrip } from '../../../../support/pictures/random-strips.ts';

const RATIOS = [1, 1.5, 2, 3] as const;

/** Lanes of every height and pixel ratio that the window has, and the layouts of the legend's swatches. */
function layouts(): (readonly [ratio: number, layout: LaneLayout])[] {
  return RATIOS.flatMap(ratio => [
    ...[9, 20, 28, 41, 56, 84].map(height => [ratio, laneLayout(Math.round(height * ratio), ratio)] as const),
    [ratio, holeSwatchLayout(Math.round(20 * ratio), ratio)] as const,
  ]);
}

function surfaceOf(width: number, height: number, unit: number, texts: TextMasks, byCharacter = false) {
  const pixels = new Uint32Array(width * height).fill(0x12345678);
  return new RasterSurface({ width, height, pixels, unit, texts, byCharacter });
}

/** What is drawn beside the strip: labels, captions, what is highlighted, and how far the content moved. */
function options(random: () => number) {
  const captions = random() < 0.3;
  return {
    labels: ({ part, owner }: { part: number; owner: number }) => [
      `part ${part} of layer ${owner}`,
      `part ${part}`,
      'x',
    ],
    captions: captions ? ({ owner }: { owner: number }) => (owner < 0 ? '' : String(owner)) : undefined,
    faded: PARTS.map(() => random() < 0.2),
    marks: random() < 0.7 ? MARKS : PRESENT.overrides | PRESENT.dirty,
    phase: Math.floor(random() * 5000),
  };
}

test.each([
  ['wide runs', 90, 1, 'a9407d8d992040e4716e3c5b792231a5cc3a47caf934e3988f8b4ecaf539bc15'],
  ['runs of a few pixels', 9, 2, 'a4cc15c442d11015fa810e646be572153ed36f043a066cf36a8180bb57539365'],
  ['runs of a pixel', 1, 3, 'b3e0210c0db1b8bacece817ec72b58eca32314df9c76c006d8a0ed74bac1a43a'],
] as const)('lanes of %s keep every pixel', (_, longest, seed, digest) => {
  const random = randomNumbers(seed);
  const hash = createHash('sha256');
  for (const palette of [LIGHT_PALETTE, DARK_PALETTE])
    for (const [ratio, layout] of layouts())
      for (const width of [1, 24, 257, 640]) {
        const strip = randomStrip(width, longest, random);
        const unit = Math.max(1, Math.round(ratio));
        const texts = (label: string) => noisyMask(label, label.length * 6 * unit, 12 * unit);
        const surface = surfaceOf(width, layout.height, unit, texts);
        paintTrack(surface, strip, layout, colorSetOf(palette), options(random));
        hash.update(surface.pixels);
      }
  expect(hash.digest('hex')).toBe(digest);
});

test('the overview keeps every pixel', () => {
  const random = randomNumbers(4);
  const hash = createHash('sha256');
  for (const palette of [LIGHT_PALETTE, DARK_PALETTE])
    for (const ratio of RATIOS)
      for (const tracks of [0, 1, 4]) {
        const unit = Math.round(ratio);
        const surface = surfaceOf(700, 44 * unit, unit, text => noisyMask(text, 1, 1));
        const strips = Array.from({ length: tracks }, () => randomStrip(700, 7, random));
        paintOverview(surface, strips, colorSetOf(palette), unit);
        hash.update(surface.pixels);
      }
  expect(hash.digest('hex')).toBe('98c88fbb170eb7dd6f1204ce9d125f1673b25a1f9170c465ce0438715254b1a2');
});

test('the axis keeps every pixel', () => {
  const random = randomNumbers(5);
  const hash = createHash('sha256');
  for (const ratio of [1, 2, 3])
    for (let i = 0; i < 20; i++) {
      const width = 200 + Math.floor(random() * 1200);
      const texts = (letter: string) => noisyMask(letter, 7 * ratio, 9 * ratio);
      const surface = surfaceOf(width * ratio, 28 * ratio, ratio, texts, true);
      const start = Math.floor(random() * 2 ** 40);
      paintAxis(surface, { start, end: start + 2 ** (9 + random() * 34) }, width, {
        ground: pixelOf('#ffffff'),
        line: pixelOf('#111111'),
        offset: pixelOf('#222222'),
        size: pixelOf('#333333'),
      });
      hash.update(surface.pixels);
    }
  expect(hash.digest('hex')).toBe('5dbcd219eb9c14567b0d5bfb881f7ae0e71747875d04e7fdc0bb23bd1945f067');
});
