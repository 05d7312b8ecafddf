/** Pictures that the window saves, as samples: 8 bits, RGB or RGBA, not interlaced (https://www.w3.org/TR/png-3/). */
import { inflateSync } from 'node:zlib';

/** A decoded picture. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Samples a pixel: 3 or 4. */
  readonly channels: number;
  /** Rows from the top, pixels from the left. */
  readonly samples: Uint8Array;
}

/** Decodes a PNG of that form. Throws on any other. */
export function decodePng(file: Buffer): Picture {
  const width = file.readUInt32BE(16);
  const height = file.readUInt32BE(20);
  const [depth, color, , , interlace] = file.subarray(24, 29);
  const channels = color === 2 ? 3 : color === 6 ? 4 : 0;
  if (depth !== 8 || channels === 0 || interlace !== 0) throw new Error('not an 8-bit RGB or RGBA picture');
  const data: Buffer[] = [];
  for (let at = 8; at < file.length; at += 12 + file.readUInt32BE(at))
    if (file.toString('latin1', at + 4, at + 8) === 'IDAT')
      data.push(file.subarray(at + 8, at + 8 + file.readUInt32BE(at)));
  const rows = inflateSync(Buffer.concat(data));
  const stride = width * channels;
  const samples = new Uint8Array(stride * height);
  for (let y = 0; y < height; y++) {
    const filter = rows[y * (stride + 1)] as number;
    for (let x = 0; x < stride; x++) {
      const at = y * stride + x;
      const left = x < channels ? 0 : (samples[at - channels] as number);
      const above = y === 0 ? 0 : (samples[at - stride] as number);
      const corner = x < channels || y === 0 ? 0 : (samples[at - stride - channels] as number);
      const raw = rows[y * (stride + 1) + 1 + x] as number;
      samples[at] = raw + predicted(filter, left, above, corner);
    }
  }
  return { width, height, channels, samples };
}

function predicted(filter: number, left: number, above: number, corner: number): number {
  if (filter === 0) return 0;
  if (filter === 1) return left;
  if (filter === 2) return above;
  if (filter === 3) return (left + above) >> 1;
  if (filter !== 4) throw new Error(`there is no filter ${filter}`);
  const estimate = left + above - corner;
  const [toLeft, toAbove, toCorner] = [left, above, corner].map(value => Math.abs(estimate - value)) as [
    number,
    number,
    number,
  ];
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}

/** Where two pictures differ. */
export interface Difference {
  readonly pixels: number;
  /** Of 255, in any sample. */
  readonly largest: number;
  /** The smallest rectangle around them, in pixels: from, and up to and including. */
  readonly from: readonly [x: number, y: number];
  readonly to: readonly [x: number, y: number];
}

/** The pixels of which some sample differs by more than `rounding`; undefined for none. Throws where the sizes differ. */
export function differenceOf(a: Picture, b: Picture, rounding: number): Difference | undefined {
  if (a.width !== b.width || a.height !== b.height || a.channels !== b.channels)
    throw new Error(`${a.width}x${a.height}x${a.channels} and ${b.width}x${b.height}x${b.channels}`);
  const differing = new Set<number>();
  let largest = 0;
  a.samples.forEach((sample, at) => {
    const difference = Math.abs(sample - (b.samples[at] as number));
    if (difference > rounding) differing.add(Math.floor(at / a.channels));
    largest = Math.max(largest, difference);
  });
  if (differing.size === 0) return undefined;
  const xs = [...differing].map(pixel => pixel % a.width);
  const ys = [...differing].map(pixel => Math.floor(pixel / a.width));
  const least = (values: readonly number[]) => values.reduce((one, other) => Math.min(one, other));
  const most = (values: readonly number[]) => values.reduce((one, other) => Math.max(one, other));
  return { pixels: differing.size, largest, from: [least(xs), least(ys)], to: [most(xs), most(ys)] };
}
