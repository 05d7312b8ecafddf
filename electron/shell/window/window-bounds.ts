/** Where the window opens: the place it was left at, where that is still on a screen. */

/** A rectangle in CSS pixels of the desktop. */
export interface Bounds {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Size of a first start, and the least that the layout holds. */
export const DEFAULT_SIZE = { width: 1280, height: 800 } as const;
export const LEAST_SIZE = { width: 480, height: 320 } as const;
/** Pixels of the window's top edge that must be on a screen to be grasped. */
const GRASP = 80;

/**
 * Bounds to open with: the stored ones where they are four sensible numbers and still within reach on one of `screens`,
 * else the default size, which the system places.
 */
export function openingBounds(
  stored: unknown,
  screens: readonly Bounds[],
): Bounds | { width: number; height: number } {
  const { x, y, width, height } = (stored ?? {}) as Partial<Record<keyof Bounds, unknown>>;
  if (
    ![x, y, width, height].every(side => Number.isSafeInteger(side) && Math.abs(side as number) < 2 ** 20)
  ) {
    return DEFAULT_SIZE;
  }
  const left = { x, y, width, height } as Bounds;
  const fits = left.width >= LEAST_SIZE.width && left.height >= LEAST_SIZE.height;
  return fits && screens.some(screen => withinReach(left, screen)) ? left : DEFAULT_SIZE;
}

function withinReach(window: Bounds, screen: Bounds): boolean {
  const across = Math.min(window.x + window.width, screen.x + screen.width) - Math.max(window.x, screen.x);
  return (
    across >= GRASP && window.y >= screen.y - GRASP / 2 && window.y <= screen.y + screen.height - GRASP / 2
  );
}
