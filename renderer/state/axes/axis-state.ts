/** What the store knows of an axis. */
import { type AxisId, perAxis } from '../../axis/axis-id.ts';
import { type Viewport, wholeAxis } from '../../axis/viewport.ts';
import { NO_HISTORY, type ViewHistory, visitView } from './history.ts';

/** An axis: its length, and the part of it on screen. */
export interface AxisState {
  /** Bytes; 0 while it has no content. */
  readonly size: number;
  readonly viewport: Viewport;
  /** CSS pixels of what is drawn along it; 0 until that is laid out. */
  readonly width: number;
  readonly history: ViewHistory;
}

/** Every axis of the window. */
export type AxisStates = Readonly<Record<AxisId, AxisState>>;

/** Axes without content, of which nothing is drawn. */
export const NO_AXES: AxisStates = perAxis(() => emptyAxis(0));

/** The axes without content. Their widths stay, because the elements that have them may stay. */
export function closedAxes(axes: AxisStates): AxisStates {
  return perAxis(axis => emptyAxis(axes[axis].width));
}

/** An axis of `size` bytes that was just opened, as wide as before; it shows `viewport`, or the whole of it. */
export function openedAxis(
  { width }: AxisState,
  size: number,
  viewport: Viewport = wholeAxis({ size, width }),
): AxisState {
  return { size, viewport, width, history: visitView(NO_HISTORY, viewport) };
}

function emptyAxis(width: number): AxisState {
  return { size: 0, viewport: { start: 0, end: 1 }, width, history: NO_HISTORY };
}
