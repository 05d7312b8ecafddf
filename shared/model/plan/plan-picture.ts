/** The disk of a plan's target before and after, to be drawn along one axis. Plain values only. */

import type { TileColumns } from '../tile.ts';
import type { TrackExtents } from '../track.ts';
import type { Plan } from './plan.ts';

/** The tracks of a plan's picture, by their number in it. `written` holds data where something is written. */
export const PLAN_TRACKS = ['before', 'after', 'written'] as const;

/** One of {@link PLAN_TRACKS}. */
export type PlanTrack = (typeof PLAN_TRACKS)[number];

/** Most extents of one track that a picture has; with more it has columns. */
export const MAX_PICTURE_EXTENTS = 4096;

/** A picture of `size` bytes: the target's larger size. */
export type PlanPicture =
  | { readonly kind: 'exact'; readonly size: number; readonly extents: readonly TrackExtents[] }
  /** Columns of 2**level bytes: by number of the tile, then by track. */
  | {
      readonly kind: 'columns';
      readonly size: number;
      readonly level: number;
      readonly tiles: readonly (readonly TileColumns[])[];
    };

/** A plan as the window gets it. Long lists are cut; `left` counts what is not in them. */
export interface PlanReply {
  /** Names the plan, which is kept until another is made. */
  readonly planId: number;
  readonly plan: Plan;
  readonly left: { readonly hazards: number; readonly cases: number };
  /** Absent where nothing of the disk is written. */
  readonly picture?: PlanPicture;
}
