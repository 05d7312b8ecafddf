/** The pixels of the rectangles in a picture of SVG. Patterns, texts, shapes and frames are left out. */
import { type Pixel, pixelOf } from '../../../shared/draw/color-set.ts';
import type { XmlElement } from '../xml.ts';

/** A picture; `pixels` are in the order of ImageData. */
export interface SvgPixels {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint32Array;
}

/** Draws the rectangles of an `svg` element, and of those nested in it, one over the other. */
export function svgPixels(svg: XmlElement): SvgPixels {
  const [width, height] = [numberOf(svg, 'width'), numberOf(svg, 'height')];
  const picture = { width, height, pixels: new Uint32Array(width * height) };
  for (const child of svg.children) {
    const { fill = '' } = child.attributes;
    if (child.name === 'svg') lay(svgPixels(child), numberOf(child, 'x'), numberOf(child, 'y'), picture);
    else if (!fill.startsWith('#') || child.attributes.transform !== undefined) continue;
    else if (child.name === 'rect') {
      const [x, y] = [numberOf(child, 'x'), numberOf(child, 'y')];
      fillBox(picture, x, y, numberOf(child, 'width'), numberOf(child, 'height'), pixelOf(fill));
    } else if (child.name === 'path') {
      for (const [x, y, w, h] of boxesOf(child.attributes.d ?? ''))
        fillBox(picture, x, y, w, h, pixelOf(fill));
    }
  }
  return picture;
}

function numberOf(element: XmlElement, name: string): number {
  const value = Number(element.attributes[name] ?? 0);
  if (!Number.isInteger(value)) throw new Error(`${name} is ${element.attributes[name]}`);
  return value;
}

/** The rectangles of a path, each as `M x y h w v h h -w z`. Anything else throws. */
function boxesOf(path: string): [x: number, y: number, width: number, height: number][] {
  const whole = /^(?:M-?\d+ -?\d+h\d+v\d+h-\d+z)*$/;
  if (!whole.test(path)) throw new Error(`not a path of rectangles: ${path}`);
  return [...path.matchAll(/M(-?\d+) (-?\d+)h(\d+)v(\d+)h-(\d+)z/g)].map(([, x, y, w, h, back]) => {
    if (w !== back) throw new Error(`a rectangle that is not closed: ${path}`);
    return [Number(x), Number(y), Number(w), Number(h)];
  });
}

function fillBox(to: SvgPixels, x: number, y: number, width: number, height: number, color: Pixel): void {
  const [from, end] = [Math.max(0, x), Math.min(to.width, x + width)];
  for (let row = Math.max(0, y); row < Math.min(to.height, y + height); row++)
    if (end > from) to.pixels.fill(color, row * to.width + from, row * to.width + end);
}

/** Lays a picture over another one; where it has nothing, the other one shows. */
function lay(part: SvgPixels, x: number, y: number, to: SvgPixels): void {
  for (let row = 0; row < part.height; row++)
    for (let column = 0; column < part.width; column++) {
      const color = part.pixels[row * part.width + column] as number;
      if (color !== 0) fillBox(to, x + column, y + row, 1, 1, color);
    }
}
