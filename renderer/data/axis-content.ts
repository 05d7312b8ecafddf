/** What is loaded of each axis. */
import type { HostRuns, HostTile } from '../../shared/model/layout.ts';
import type { TileColumns } from '../../shared/model/tile.ts';
import type { TrackExtents } from '../../shared/model/track.ts';
import type { AxisId } from '../axis/axis-id.ts';
import type { AxisEntries, AxisSource, AxisTile } from './axis-source.ts';
import type { AxisLoader } from './loader.ts';

/** The tiles and exact entries of each axis. The plan axis loads nothing: a plan comes whole. */
export interface AxisContent {
  readonly guest: { readonly tile: TileColumns; readonly entries: TrackExtents };
  readonly host: { readonly tile: HostTile; readonly entries: HostRuns };
  readonly plan: { readonly tile: AxisTile; readonly entries: AxisEntries };
  readonly compare: { readonly tile: TileColumns; readonly entries: TrackExtents };
}

/** The source of an axis. */
export type SourceOf<A extends AxisId> = AxisSource<AxisContent[A]['tile'], AxisContent[A]['entries']>;

/** The loader of an axis. */
export type LoaderOf<A extends AxisId> = AxisLoader<AxisContent[A]['tile'], AxisContent[A]['entries']>;
