/** What a layer's file holds: mapped once, in slices, and kept for one layer at a time. */
import { CowscopeError } from '../../../shared/error.ts';
import { type GuestRange, MAX_EXACT_EXTENTS, type TilesRequest } from '../../../shared/ipc/questions.ts';
import {
  HOST_KINDS,
  type HostCluster,
  type HostLayoutReply,
  type HostRunsReply,
  type HostTilesReply,
} from '../../../shared/model/layout.ts';
import { formatOffset } from '../../../shared/text/offset.ts';
import type { HostMap } from '../../qcow2/layout/host-map.ts';
import { LimitPassed } from '../../qcow2/layout/read-limit.ts';
import type { Qcow2Image } from '../../qcow2/read/image.ts';
import { runInSlices } from '../../qcow2/read/sliced-work.ts';
import type { ChainTables } from '../tables/chain-tables.ts';
import { layerOf } from './check-choice.ts';
import type { Superseded } from './page-loop.ts';

/** A map, or why there is none. */
type Mapped = HostMap | string;

/** The maps of the files of one chain, of which the one that was asked for last is kept. */
export class HostMaps {
  readonly #tables: ChainTables;
  #layer = -1;
  #mapped: Promise<Mapped> | undefined;

  constructor(tables: ChainTables) {
    this.#tables = tables;
  }

  /** The layout of a layer's file. Throws LAYER_UNKNOWN; rejects with CANCELLED once another layer is asked for. */
  async layoutOf(layer: number): Promise<HostLayoutReply> {
    const mapped = await this.#map(layer);
    if (typeof mapped === 'string') return { mapped: false, why: mapped };
    return { mapped: true, layout: mapped.layout, dataRuns: mapped.columns.runsOf('data') };
  }

  /** The map of a layer's file. Rejects with LAYOUT_NO_TABLES where it cannot be mapped. */
  async mapOf(layer: number): Promise<HostMap> {
    const mapped = await this.#map(layer);
    if (typeof mapped !== 'string') return mapped;
    throw new CowscopeError({
      code: 'LAYOUT_NO_TABLES',
      what: `not mapped: ${mapped}`,
      subject: this.#tables.layers[layer]?.plan.title ?? '',
      advice: 'choose another layer',
    });
  }

  #map(layer: number): Promise<Mapped> {
    const { metadata } = layerOf(this.#tables, layer);
    if (layer === this.#layer && this.#mapped !== undefined) return this.#mapped;
    this.#layer = layer;
    const mapped = this.#begin(layer, metadata?.image);
    this.#mapped = mapped;
    // A layout that was cancelled or could not be read starts over at the next request.
    mapped.catch(() => {
      if (this.#mapped === mapped) this.#mapped = undefined;
    });
    return mapped;
  }

  async #begin(layer: number, image: Qcow2Image | undefined): Promise<Mapped> {
    if (image === undefined) return 'it is not read by its own tables';
    if (image.header.version === 1) return 'version 1 of the format has no refcounts';
    const { mapHost } = await import('../../qcow2/layout/host-map.ts'); // loaded when a file is mapped
    try {
      return await runInSlices(mapHost(image), () => this.#layer !== layer);
    } catch (error) {
      if (error instanceof LimitPassed) return error.message;
      throw error;
    }
  }
}

/** Tiles of a layer's file. */
export function hostTilesOf({ columns }: HostMap, { level, first, count }: TilesRequest): HostTilesReply {
  const tiles = Array.from({ length: count }, (_, i) => columns.tile(level, first + i));
  return { level, version: 0, tiles };
}

/** The runs that touch a range, unless they are too many. */
export function hostRunsOf({ layout, runs }: HostMap, { start, end }: GuestRange): HostRunsReply {
  const starts: number[] = [];
  const kinds: number[] = [];
  const last = Math.min(end, layout.fileLength);
  for (const run of runs(Math.min(start, last), last)) {
    if (starts.length === MAX_EXACT_EXTENTS) return { tooMany: true, version: 0 };
    starts.push(run.start);
    kinds.push(HOST_KINDS.indexOf(run.kind));
  }
  const track = { track: 0, starts: Float64Array.from(starts), kinds: Uint8Array.from(kinds) } as const;
  return { tooMany: false, version: 0, end, tracks: [track] };
}

/** What refers to the cluster at an offset. Throws OFFSET_OUTSIDE past the end of the file. */
export async function hostClusterOf(
  map: HostMap,
  offset: number,
  superseded: Superseded,
): Promise<HostCluster> {
  if (offset >= map.layout.fileLength)
    throw new CowscopeError({
      code: 'OFFSET_OUTSIDE',
      what: `the file ends at ${formatOffset(map.layout.fileLength)}`,
      subject: '',
      advice: 'choose an offset inside the file',
    });
  return await runInSlices(map.clusterAt(offset), superseded);
}
