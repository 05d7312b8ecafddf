/** Where the window opens: where it was left, if that is still on a screen. */
import * as v from 'valibot';

/** A rectangle in CSS pixels of the desktop. */
export interface Bounds {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Size of a first start, in CSS pixels. */
export const DEFAULT_SIZE = { width: 1280, height: 800 } as const;
/** The smallest size that holds the layout, in CSS pixels. */
export const LEAST_SIZE = { width: 480, height: 320 } as const;
/** Pixels of the window's top edge that must be on a screen, so that it can be dragged. */
const GRIP_PX = 80;
/** No desktop is as large. */
const MAX_PX = 2 ** 20;

const position = v.pipe(v.number(), v.safeInteger(), v.minValue(-MAX_PX), v.maxValue(MAX_PX));
/** The bounds of a window as they are stored. */
const BOUNDS = v.object({
  x: position,
  y: position,
  width: v.pipe(position, v.minValue(LEAST_SIZE.width)),
  height: v.pipe(position, v.minValue(LEAST_SIZE.height)),
}) satisfies v.GenericSchema<unknown, Bounds>;

/**
 * Bounds to open with: the stored ones if they are valid and within reach on one of `screens`, else the default size,
 * which the system places.
 */
export function openingBounds(
  stored: unknown,
  screens: readonly Bounds[],
): Bounds | { width: number; height: number } {
  const { success, output } = v.safeParse(BOUNDS, stored);
  return success && screens.some(screen => withinReach(output, screen)) ? output : DEFAULT_SIZE;
}

function withinReach(window: Bounds, screen: Bounds): boolean {
  const across = Math.min(window.x + window.width, screen.x + screen.width) - Math.max(window.x, screen.x);
  return (
    across >= GRIP_PX &&
    window.y >= screen.y - GRIP_PX / 2 &&
    window.y <= screen.y + screen.height - GRIP_PX / 2
  );
}
