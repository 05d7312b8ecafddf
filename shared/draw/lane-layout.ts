/** Where the parts of a lane lie. All numbers are device pixels. */

/** Rows of a lane: the body holds states, the gutter below it the override marks, the dirty bar lies on the body's top. */
export interface LaneLayout {
  readonly height: number;
  /** Device pixels in a CSS pixel, at least 1 and whole, so that lines stay sharp. */
  readonly unit: number;
  readonly bodyEnd: number;
  readonly dirtyEnd: number;
  readonly notchStart: number;
  readonly notchEnd: number;
  /** Bottom of a hole that overrides where there is no room for its triangle. */
  readonly holeEnd: number;
}

/** CSS pixels below the body: room for the triangle of a hole, or in a low lane for its notch alone. */
const GUTTER_PX = { high: 16, low: 9 } as const;
/** CSS pixels from which a lane has the high gutter. */
const HIGH_LANE_PX = 56;

/** The layout of a lane of `height` device pixels at a device pixel ratio. */
export function laneLayout(height: number, ratio: number): LaneLayout {
  const unit = Math.max(1, Math.round(ratio));
  const gutter = Math.min(unit * (height >= HIGH_LANE_PX * ratio ? GUTTER_PX.high : GUTTER_PX.low), height);
  return withGutter(height, unit, gutter);
}

/** The layout of a small picture of a hole that overrides: as of a lane, with room for its triangle. */
export function holeSwatchLayout(height: number, ratio: number): LaneLayout {
  const unit = Math.max(1, Math.round(ratio));
  return withGutter(height, unit, Math.min(GUTTER_PX.high * unit, height));
}

/** The layout of a lane that has no marks below its body. */
export function bareLayout(height: number, ratio: number): LaneLayout {
  return withGutter(height, Math.max(1, Math.round(ratio)), 0);
}

function withGutter(height: number, unit: number, gutter: number): LaneLayout {
  const bodyEnd = height - gutter;
  const notchStart = bodyEnd + unit;
  return {
    height,
    unit,
    bodyEnd,
    dirtyEnd: 4 * unit,
    notchStart,
    notchEnd: notchStart + 3 * unit,
    holeEnd: Math.min(height, notchStart + 8 * unit),
  };
}
