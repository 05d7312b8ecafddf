/** The one stretch of the axis of which exact extents are loaded. */
import type { ExtentsReply } from '../../shared/ipc/questions.ts';
import type { TrackExtents } from '../../shared/model/track.ts';
import type { Viewport } from '../axis/viewport.ts';

/** Exact extents of [start, end) of every track. */
export interface ExactExtents {
  readonly start: number;
  readonly end: number;
  /** By track id. */
  readonly tracks: readonly (TrackExtents | undefined)[];
}

/** The stretch at hand, and what is known to hold too many extents to ask for. */
export interface ExactWindow {
  get(): ExactExtents | undefined;
  put(start: number, reply: Extract<ExtentsReply, { tooMany: false }>, stale: boolean): void;
  /** True where every byte of the viewport is at hand. */
  covers(view: Viewport): boolean;
  stale(): boolean;
  invalidate(start: number, end: number): void;
  /** Drops the stretch if it is stale; false where there was nothing to drop. */
  forgetStale(): boolean;
  /** Remembers that a range holds too many extents. */
  refuse(view: Viewport): void;
  /** True where a range contains one that holds too many. */
  refused(view: Viewport): boolean;
}

/** Refused ranges kept; the oldest is forgotten first. */
const REFUSALS = 32;

/** A window with nothing in it. */
export function createExactWindow(): ExactWindow {
  let extents: ExactExtents | undefined;
  let isStale = false;
  let refusals: Viewport[] = [];
  return {
    get: () => extents,
    put(start, reply, stale) {
      const tracks: TrackExtents[] = [];
      for (const track of reply.tracks) tracks[track.track] = track;
      extents = { start, end: reply.end, tracks };
      isStale = stale;
    },
    covers: view =>
      extents !== undefined &&
      extents.start <= Math.max(0, view.start) &&
      extents.end >= Math.floor(view.end),
    stale: () => isStale,
    invalidate(start, end) {
      if (extents !== undefined && extents.start < end && extents.end > start) isStale = true;
      refusals = refusals.filter(r => r.end <= start || r.start >= end);
    },
    forgetStale() {
      if (!isStale || extents === undefined) return false;
      extents = undefined;
      return true;
    },
    refuse(view) {
      refusals = [...refusals, view].slice(-REFUSALS);
    },
    refused: view => refusals.some(r => r.start >= Math.floor(view.start) && r.end <= Math.ceil(view.end)),
  };
}
