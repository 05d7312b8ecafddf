/** Points in time as text. */

/** Unix seconds as `2026-11-20 14:03:22 UTC`: the same on every machine, so that it can be compared. */
export function formatTime(seconds: number): string {
  return new Date(seconds * 1000)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' UTC');
}
