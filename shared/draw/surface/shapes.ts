/** The shapes of override marks, as masks in whole device pixels so that no edge is blurred, and as paths. */

/** A shape as coverage from 0 to 255, drawn in any color. */
export interface AlphaMask {
  readonly width: number;
  readonly height: number;
  readonly alpha: Uint8Array;
}

/** A shape that is drawn in one color. */
export interface Shape extends AlphaMask {
  /** Its outline as path data of SVG, from its upper left corner. */
  readonly path: string;
}

/** The triangle of an override, and that of zeros that hide data with the 0 that is written on it. */
export type ShapeName = 'triangle' | 'zeroTriangle' | 'zero';

/** Heights in CSS pixels. */
const TRIANGLE_PX = 5;
const ZERO_TRIANGLE_PX = 11;

const ZERO = ['.###.', '#...#', '#...#', '#...#', '#...#', '.###.'] as const;

/** The shapes at `unit` device pixels in a CSS pixel. */
export function shapesOf(unit: number): Readonly<Record<ShapeName, Shape>> {
  return {
    triangle: pointingDown(TRIANGLE_PX * unit, unit),
    zeroTriangle: pointingDown(ZERO_TRIANGLE_PX * unit, unit),
    zero: enlarged(ZERO, unit),
  };
}

/** A triangle whose point, a CSS pixel wide, is down, towards the layers it hides. Its sides go a pixel a row. */
function pointingDown(height: number, unit: number): Shape {
  const width = 2 * height - unit;
  const alpha = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const inset = Math.min(y, height - unit);
    alpha.fill(255, y * width + inset, (y + 1) * width - inset);
  }
  const side = height - unit;
  return { width, height, alpha, path: `M0 0h${width}l${-side} ${side}v${unit}h${-unit}v${-unit}z` };
}

/** A drawing of `#` on anything else, each character as `unit` by `unit` pixels. */
function enlarged(rows: readonly string[], unit: number): Shape {
  const width = (rows[0] ?? '').length * unit;
  const height = rows.length * unit;
  const alpha = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const row = rows[Math.floor(y / unit)] ?? '';
    for (let x = 0; x < width; x++) if (row[Math.floor(x / unit)] === '#') alpha[y * width + x] = 255;
  }
  const boxes = rows.flatMap((row, y) =>
    [...row.matchAll(/#+/g)].map(({ index, 0: { length } }) => {
      const [x, w] = [index * unit, length * unit];
      return `M${x} ${y * unit}h${w}v${unit}h${-w}z`;
    }),
  );
  return { width, height, alpha, path: boxes.join('') };
}
