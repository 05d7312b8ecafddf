/** Marks: what lies on a state and must be seen at any zoom. */
import { partBits } from '../extent/parts.ts';
import { PRESENT } from '../model/tile.ts';
import { ownerTone, type Pixel } from './color-set.ts';
import type { LaneLayout } from './lane-layout.ts';
import type { Painting } from './painting.ts';
import { type ColumnStrip, MIXED } from './strip/column-strip.ts';
import { eachRun, type StripRun } from './strip/runs.ts';
import { ColumnColors } from './surface/column-colors.ts';
import type { ShapeName } from './surface/shapes.ts';
import { type Surface, strokeRect } from './surface/surface.ts';

const ANY_OVERRIDE = PRESENT.overrides | PRESENT.holeOverrides;
/** CSS pixels from which an override has its triangle. */
const TRIANGLE_ROOM_PX = 12;
/** CSS pixels from which damage is hatched. */
const HATCH_ROOM_PX = 6;
/** CSS pixels from one dot to the next of a bar that is not known. */
const DOT_PERIOD_PX = 6;

/** Parts that a layer holds. */
const OWNING_PARTS = partBits(
  ({ state }) => !['unread', 'outOfRange', 'unallocated', 'reserved'].includes(state),
);

const notches = new ColumnColors();
const deepNotches = new ColumnColors();

/**
 * Fills the rows below the bodies: nothing, the notch of an override, or the deeper one of zeros that hide data and are
 * too narrow for their triangle. The gutter is the same all the way down but for its last part, where only those reach.
 */
export function paintGutter(painting: Painting, strip: ColumnStrip): void {
  const { surface, layout, colors, options } = painting;
  const { width } = strip;
  const { bodyEnd, notchStart, notchEnd, holeEnd, height } = layout;
  surface.fillRect(0, bodyEnd, width, height, colors.lane);
  if (options.captions !== undefined) {
    paintOwners(painting, strip);
    return;
  }
  const end = Math.min(notchEnd, height);
  notches.begin(width, Math.max(0, end - notchStart));
  deepNotches.begin(width, Math.max(0, holeEnd - notchEnd));
  const notch = notches.row.fill(colors.lane);
  const deep = deepNotches.row.fill(colors.lane);
  eachRun(strip, run => {
    const marks = run.marks & options.marks;
    if ((marks & ANY_OVERRIDE) === 0) return;
    notch.fill(colors.override, run.from, run.to);
    if (marks & PRESENT.holeOverrides && !hasTriangleRoom(run, painting))
      deep.fill(colors.override, run.from, run.to);
  });
  surface.fillColumns(notchStart, end, notches);
  surface.fillColumns(notchEnd, holeEnd, deepNotches);
}

/** A stripe below the bodies: the tone of the layer that most of a column is read from. */
function paintOwners({ surface, layout, colors, options }: Painting, strip: ColumnStrip): void {
  const { ownerCount } = options;
  const { bodyEnd, height, unit } = layout;
  const top = bodyEnd + unit;
  const end = Math.min(height, top + 2 * unit);
  if (ownerCount === undefined || end <= top) return;
  notches.begin(strip.width, end - top);
  for (let c = 0; c < strip.width; c++) {
    const owner = strip.owners[c] as number;
    const isOwned = owner >= 0 && ((strip.present[c] as number) & OWNING_PARTS) !== 0;
    notches.row[c] = isOwned ? ownerTone(colors, owner, ownerCount) : colors.lane;
  }
  surface.fillColumns(top, end, notches);
}

/** Columns from which zeros that hide data have their triangle; Infinity in a gutter that is too low for it. */
export function zeroTriangleRoom(surface: Surface, { unit, notchEnd, height: end }: LaneLayout): number {
  const { width, height } = surface.shapeSize('zeroTriangle');
  return end - notchEnd >= height ? width + 2 * unit : Number.POSITIVE_INFINITY;
}

function hasTriangleRoom({ from, to, part }: StripRun, { zeroTriangleRoom: room }: Painting): boolean {
  return part !== MIXED && to - from >= room;
}

/** Draws the marks of a run except the notches. The run has at least one mark. */
export function paintMarks(painting: Painting, run: StripRun): void {
  const { surface, layout, colors, options } = painting;
  const { from, to } = run;
  const { unit, bodyEnd, dirtyEnd, height } = layout;
  const marks = run.marks & options.marks;
  if (marks & PRESENT.dirty) {
    surface.fillRect(from, 0, to, dirtyEnd, colors.dirty);
    surface.fillRect(from, dirtyEnd, to, dirtyEnd + unit, colors.lane);
  }
  if ((marks & (PRESENT.dirty | PRESENT.dirtyUnknown)) === PRESENT.dirtyUnknown)
    paintUnknownDirty(painting, run);
  if (options.captions === undefined) paintTriangle(painting, run, marks);
  if (marks & PRESENT.damaged) {
    if (to - from >= HATCH_ROOM_PX * unit) {
      const hatch = { period: 6 * unit, line: unit, phase: 0, color: colors.corrupt };
      surface.fillHatch(from, 0, to, bodyEnd, { ...hatch, falling: false });
      surface.fillHatch(from, 0, to, bodyEnd, { ...hatch, falling: true });
    }
    strokeRect(surface, from, 0, to, height, 2 * unit, colors.corrupt);
  }
}

/** The dirty bar in dots: it is not known what changed. The dots move along with the content. */
function paintUnknownDirty({ surface, layout, colors, options }: Painting, { from, to }: StripRun): void {
  const { unit, dirtyEnd } = layout;
  const period = DOT_PERIOD_PX * unit;
  const top = (dirtyEnd - 2 * unit) >> 1;
  const first = from + ((period - ((from + options.phase) % period)) % period);
  for (let x = first; x < to; x += period)
    surface.fillRect(x, top, Math.min(x + 2 * unit, to), top + 2 * unit, colors.dirty);
}

function paintTriangle(painting: Painting, run: StripRun, marks: number): void {
  const { layout, colors } = painting;
  if (marks & PRESENT.holeOverrides) {
    if (!hasTriangleRoom(run, painting)) return;
    drawCentered(painting, run, 'zeroTriangle', colors.override);
    drawCentered(painting, run, 'zero', colors.lane);
  } else if (marks & PRESENT.overrides) {
    if (run.part !== MIXED && run.to - run.from >= TRIANGLE_ROOM_PX * layout.unit)
      drawCentered(painting, run, 'triangle', colors.override);
  }
}

function drawCentered(painting: Painting, { from, to }: StripRun, shape: ShapeName, color: Pixel): void {
  const { surface, layout } = painting;
  const x = (from + to - surface.shapeSize(shape).width) >> 1;
  surface.drawShape(shape, x, layout.notchEnd, color);
}
