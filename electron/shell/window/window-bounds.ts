/** Where the window opens: where it was left, if that is still on a screen. */
import * as v from 'valibot';
import type { StateFormat } from '../../../shared/stored/stored-state.ts';

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
export const MIN_SIZE = { width: 480, height: 320 } as const;
/** Pixels of the window's top edge that must be on a screen, so that it can be dragged. */
const GRIP_PX = 80;
/** No desktop is as large. */
const MAX_PX = 2 ** 20;

const position = v.pipe(v.number(), v.safeInteger(), v.minValue(-MAX_PX), v.maxValue(MAX_PX));

/** The bounds of a window as they are stored. */
export const BOUNDS_FORMAT: StateFormat<Bounds> = {
  upgrades: [unnumbered => unnumbered],
  schema: v.object({ x: position, y: position, width: position, height: position }),
};

/**
 * Bounds to open with: the stored ones if they are large enough and within reach on one of `screens`, else the default
 * size, which the system places.
 */
export function openingBounds(
  stored: Bounds | undefined,
  screens: readonly Bounds[],
): Bounds | { width: number; height: number } {
  if (stored === undefined || stored.width < MIN_SIZE.width || stored.height < MIN_SIZE.height)
    return DEFAULT_SIZE;
  return screens.some(screen => withinReach(stored, screen)) ? stored : DEFAULT_SIZE;
}

function withinReach(window: Bounds, screen: Bounds): boolean {
  const across = Math.min(window.x + window.width, screen.x + screen.width) - Math.max(window.x, screen.x);
  return (
    across >= GRIP_PX &&
    window.y >= screen.y - GRIP_PX / 2 &&
    window.y <= screen.y + screen.height - GRIP_PX / 2
  );
}
