/** What the sums of a track say: bytes that it holds, and how many of them are hidden. */
import type { TrackBytes } from '../model/statistics.ts';
import type { ExtentState } from './flags.ts';
import { isContent, PARTS, type Part } from './parts.ts';

/** Bytes of the parts of a kind. */
export function bytesOf({ parts }: TrackBytes, isWanted: (part: Part) => boolean): number {
  return PARTS.reduce((sum, part, i) => (isWanted(part) ? sum + (parts[i] ?? 0) : sum), 0);
}

/** Bytes in one state, hidden or not. */
export function bytesInState(sums: TrackBytes, state: ExtentState): number {
  return bytesOf(sums, part => part.state === state);
}

/** Bytes that the layer holds: its data and zeros, hidden or not. */
export function heldBytes(sums: TrackBytes): number {
  return bytesOf(sums, ({ state }) => isContent(state));
}

/** Bytes that it holds and that are hidden: a layer above holds others there, or is shorter. */
export function hiddenBytes(sums: TrackBytes): number {
  return bytesOf(
    sums,
    ({ state, variant }) => isContent(state) && (variant === 'overridden' || variant === 'shadowed'),
  );
}

/** Bytes of its zeros under which a lower layer holds data. */
export function hidingZeroBytes(sums: TrackBytes): number {
  return bytesOf(sums, ({ variant }) => variant === 'hidesData');
}
