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

/** The layout of a lane of `height` device pixels at a device pixel ratio. */
export function laneLayout(height: number, ratio: number): LaneLayout {
  const unit = Math.max(1, Math.round(ratio));
  const gutter = Math.min(Math.max(Math.round(height * 0.22), 7 * unit), 17 * unit);
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
