/** Paints the bodies of a strip: one color a column, or several above each other where states share a column. */
import { STATES } from '../extent/flags.ts';
import type { Pixel } from './color-set.ts';
import { type ColorTable, colorOf } from './state-colors.ts';
import { createStack, stackColumn } from './strip/column-stack.ts';
import { type ColumnStrip, MIXED, NOTHING } from './strip/column-strip.ts';
import { ColumnColors } from './surface/column-colors.ts';
import type { Surface } from './surface/surface.ts';

const UNREADABLE = STATES.indexOf('unreadable');

/** What bodies are painted with. Rows and `unit` (a CSS pixel) are device pixels. */
export interface BodyPaint {
  readonly top: number;
  readonly bottom: number;
  readonly unit: number;
  readonly bodies: ColorTable;
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
    const state = strip.state[c] as number;
    const marks = strip.marks[c] as number;
    if (state !== MIXED) {
      row[c] = state === NOTHING ? lane : colorOf(bodies, state, marks);
    } else if (strip.shares[c * STATES.length + UNREADABLE] !== 0) {
      row[c] = corrupt;
    } else {
      const count = stackColumn(stack, strip, c, bottom - top, unit);
      for (let i = 0; i < count; i++)
        columns.change(stack.tops[i] as number, c, colorOf(bodies, stack.states[i] as number, marks));
    }
  }
  surface.fillColumns(top, bottom, columns);
}
