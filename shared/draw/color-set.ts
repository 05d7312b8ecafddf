/** The colors of one theme as the painter writes them: 32-bit pixels in the byte order of ImageData. */
import { STATES } from '../extent/flags.ts';
import { LEGEND } from '../legend.ts';
import type { Palette } from '../palette.ts';

/** One pixel: alpha, blue, green, red from the high byte down (ImageData on a little-endian machine). */
export type Pixel = number;

/** Everything a track is painted with. Arrays are indexed by state. */
export interface ColorSet {
  readonly states: readonly Pixel[];
  /** What patterns on a state are drawn in. */
  readonly pattern: readonly Pixel[];
  readonly lane: Pixel;
  readonly frame: Pixel;
  readonly dirty: Pixel;
  readonly override: Pixel;
  readonly corrupt: Pixel;
}

/** The pixel of a `#rrggbb` color. */
export function pixelOf(hex: string): Pixel {
  const rgb = Number.parseInt(hex.slice(1), 16);
  return (0xff000000 | ((rgb & 0xff) << 16) | (rgb & 0xff00) | (rgb >>> 16)) >>> 0;
}

/** A pixel as a `#rrggbb` color. */
export function hexColor(color: Pixel): string {
  const rgb = ((color & 0xff) << 16) | (color & 0xff00) | ((color >>> 16) & 0xff);
  return `#${rgb.toString(16).padStart(6, '0')}`;
}

/** `share` of `b` over the rest of `a`, channel by channel. */
export function mixPixels(a: Pixel, b: Pixel, share: number): Pixel {
  const high = mixChannel((a >>> 16) & 0xff, (b >>> 16) & 0xff, share);
  const middle = mixChannel((a >>> 8) & 0xff, (b >>> 8) & 0xff, share);
  return (0xff000000 | (high << 16) | (middle << 8) | mixChannel(a & 0xff, b & 0xff, share)) >>> 0;
}

function mixChannel(from: number, to: number, share: number): number {
  return Math.round(from + (to - from) * share);
}

/** The tone of a layer of `count` in the stripe of owners, and beside its name: the base is the palest. */
export function ownerTone({ lane, frame }: ColorSet, owner: number, count: number): Pixel {
  return mixPixels(lane, frame, 0.25 + (0.75 * (owner + 1)) / Math.max(1, count));
}

/** Relative luminance of a pixel, 0 to 1 (WCAG 2.2). */
function luminance(color: Pixel): number {
  const linear = (shift: number) => {
    const value = ((color >>> shift) & 0xff) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * linear(0) + 0.7152 * linear(8) + 0.0722 * linear(16);
}

/** Contrast ratio of two pixels, 1 to 21 (WCAG 2.2). */
export function contrastRatio(a: Pixel, b: Pixel): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return ((high ?? 0) + 0.05) / ((low ?? 0) + 0.05);
}

const WHITE = 0xffffffff;
const BLACK = 0xff000000;

/** Black or white, whichever has more contrast with `ground`. */
export function readableOn(ground: Pixel): Pixel {
  return contrastRatio(WHITE, ground) >= contrastRatio(BLACK, ground) ? WHITE : BLACK;
}

/** The color set of a palette. */
export function colorSetOf(palette: Palette): ColorSet {
  const lane = pixelOf(palette.lane);
  const frame = pixelOf(palette.frame);
  const states = STATES.map(state => {
    const { color } = LEGEND[state];
    return color === 'lane' ? lane : color === 'frame' ? frame : pixelOf(palette.states[color]);
  });
  const edge = (key: 'compressed' | 'zeroHole', hex: string) => {
    const fill = pixelOf(palette.states[key]);
    return contrastRatio(pixelOf(hex), fill) > 1.2 ? pixelOf(hex) : mixPixels(fill, BLACK, 0.45);
  };
  const patterns: Partial<Record<(typeof STATES)[number], Pixel>> = {
    compressed: mixPixels(
      edge('compressed', palette.compressedEdge),
      pixelOf(palette.states.compressed),
      0.25,
    ),
    zeroHole: edge('zeroHole', palette.zeroHoleEdge),
    zeroAllocated: mixPixels(pixelOf(palette.states.zeroAllocated), WHITE, 0.7),
    reserved: frame,
    unread: frame,
  };
  return {
    states,
    pattern: STATES.map((state, i) => patterns[state] ?? (states[i] as Pixel)),
    lane,
    frame,
    dirty: pixelOf(palette.states.dirty),
    override: pixelOf(palette.states.override),
    corrupt: pixelOf(palette.states.corrupt),
  };
}
