/** The axes that views lie along. Each has a separate viewport, history and loader. */

/**
 * `guest`: offsets of the disk that the guest sees. `host`: offsets in one image file. `plan`: offsets of the disk of a
 * plan's target, which may be longer than the guest's. `compare`: offsets of two disks that are compared.
 */
export const AXIS_IDS = ['guest', 'host', 'plan', 'compare'] as const;

/** Names an axis. */
export type AxisId = (typeof AXIS_IDS)[number];

/** A record with what `make` gives for each axis. */
export function perAxis<T>(make: (axis: AxisId) => T): Readonly<Record<AxisId, T>> {
  return { guest: make('guest'), host: make('host'), plan: make('plan'), compare: make('compare') };
}
