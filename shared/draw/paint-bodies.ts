/** Paints the bodies of a strip: one color a column, or several above each other where parts share a column. */
import { STATES } from '../extent/flags.ts';
import { BITS_OF_STATE } from '../extent/parts.ts';
import type { Pixel } from './color-set.ts';
import { type BodyColors, tintedColor } from './part-colors.ts';
import { createStack, stackColumn } from './strip/column-stack.ts';
import { type ColumnStrip, MIXED, NOTHING } from './strip/column-strip.ts';
import { ColumnColors } from './surface/column-colors.ts';
import type { Surface } from './surface/surface.ts';

const UNREADABLE = BITS_OF_STATE[STATES.indexOf('unreadable')] as number;

/** What bodies are painted with. Rows and `unit` (a CSS pixel) are device pixels. */
export interface BodyPaint {
  readonly top: number;
  readonly bottom: number;
  readonly unit: number;
  readonly bodies: BodyColors;
  /** Where nothing is known. */
  readonly lane: Pixel;
  readonly corrupt: Pixel;
}

const stack = createStack();
const columns = new ColumnColors();

/** Fills rows [top, bottom). A mixed column in which anything could not be read is that alone: it is seen at any zoom. */
export function paintBodies(surface: Surface, strip: ColumnStrip, paint: BodyPaint): void {
  const { width } = strip;
  const { top, bottom, unit, bodies, lane, corrupt } = paint;
  columns.begin(width, bottom - top);
  const { row } = columns;
  for (let c = 0; c < width; c++) {
    const part = strip.part[c] as number;
    if (part !== MIXED) {
      row[c] = part === NOTHING ? lane : (bodies.plain[part] as Pixel);
    } else if (((strip.present[c] as number) & UNREADABLE) !== 0) {
      row[c] = corrupt;
    } else {
      const count = stackColumn(stack, strip, c, bottom - top, unit);
      for (let i = 0; i < count; i++)
        columns.change(
          stack.tops[i] as number,
          c,
          tintedColor(bodies, stack.parts[i] as number, stack.tints[i] as number),
        );
    }
  }
  surface.fillColumns(top, bottom, columns);
}
