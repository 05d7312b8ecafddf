/** The target of a commit as the job finds it once it has made it as large as the layer that goes into it. */
import { COMPRESSED_DATA, DATA, UNALLOCATED, ZERO_ALLOCATED, ZERO_HOLE } from '../../qcow2/format/entry.ts';
import { keepsHost } from './block-status.ts';
import type { LayerRuns, Run } from './layer-runs.ts';

/** How a target grows. */
export interface Growth {
  /** Virtual sizes in bytes. */
  readonly from: number;
  readonly to: number;
  /** The image below the target is longer than it was, so that qemu fills the new part with zeros. */
  readonly fillsZeros: boolean;
  /** Bytes of a cluster and of a subcluster, equal where there are none; 0 for a raw target. */
  readonly clusterSize: number;
  readonly unit: number;
}

/** The runs of a target after its growth. Source: qcow2_co_truncate. */
export class GrownRuns implements LayerRuns {
  readonly size: number;
  readonly sliceSpan: number;
  readonly clusterSize: number;
  readonly #old: LayerRuns;
  readonly #growth: Growth;
  /** End of the unit and of the cluster that hold the old end. */
  readonly #unitEnd: number;
  readonly #clusterEnd: number;

  constructor(old: LayerRuns, growth: Growth) {
    const { from, clusterSize, unit } = growth;
    this.#old = old;
    this.#growth = growth;
    this.#unitEnd = unit === 0 ? from : Math.ceil(from / unit) * unit;
    this.#clusterEnd = unit === 0 ? from : Math.ceil(from / clusterSize) * clusterSize;
    this.size = growth.to;
    this.sliceSpan = old.sliceSpan;
    this.clusterSize = old.clusterSize;
  }

  at(offset: number): Run {
    const { from, to, fillsZeros, unit } = this.#growth;
    if (unit === 0) return { start: 0, end: to, kind: DATA };
    if (offset >= this.#clusterEnd)
      return {
        start: this.#clusterEnd,
        end: Math.max(to, offset + 1),
        kind: fillsZeros ? ZERO_HOLE : UNALLOCATED,
      };
    if (!fillsZeros) return this.#stored(offset);
    const unitStart = Math.floor(from / unit) * unit;
    if (offset < unitStart) {
      const run = this.#old.at(offset);
      return { ...run, end: Math.min(run.end, unitStart) };
    }
    // qemu writes zeros to the unit of the old end, and marks what is behind it as zeros.
    if (offset < this.#unitEnd) return { start: unitStart, end: this.#unitEnd, kind: DATA };
    const kind = this.#hasHostAtEnd ? ZERO_ALLOCATED : ZERO_HOLE;
    return { start: this.#unitEnd, end: this.#clusterEnd, kind };
  }

  /** What the old table says; the run at the old end goes on where the rest of its cluster is alike. */
  #stored(offset: number): Run {
    const { from } = this.#growth;
    const run = this.#old.at(offset);
    if (run.end !== from || from === this.#clusterEnd) return run;
    const rest = this.#old.at(from);
    return rest.kind === run.kind ? { ...run, end: rest.end } : run;
  }

  get #hasHostAtEnd(): boolean {
    return this.#unitEnd > this.#growth.from || this.#hadHostAtEnd;
  }

  /** True where the cluster of the old end has host space before anything is written. */
  get #hadHostAtEnd(): boolean {
    const { from, clusterSize, unit } = this.#growth;
    const start = Math.floor((from - 1) / clusterSize) * clusterSize;
    for (let at = start; at < this.#clusterEnd; at += unit) if (keepsHost(this.#old.at(at).kind)) return true;
    return false;
  }

  /** True where whole units behind the old end are marked as zeros. */
  get marksZeros(): boolean {
    return this.#growth.fillsZeros && this.#unitEnd < this.size;
  }

  /** True where the part that is marked begins inside a compressed cluster: qemu ends with an error there. */
  get marksCompressedPart(): boolean {
    if (!this.marksZeros || this.#unitEnd >= this.#clusterEnd) return false;
    return this.#old.at(this.#growth.from - 1).kind === COMPRESSED_DATA;
  }

  /** True where writing zeros behind the old end takes a new cluster. */
  get headNeedsCluster(): boolean {
    const { from, fillsZeros } = this.#growth;
    return fillsZeros && this.#unitEnd > from && !this.#hadHostAtEnd;
  }
}
