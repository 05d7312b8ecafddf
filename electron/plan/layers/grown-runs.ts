/** The target of a commit as the job finds it once it has made it as large as the layer that goes into it. */
import { COMPRESSED_DATA, DATA, UNALLOCATED, ZERO_HOLE } from '../../qcow2/format/entry.ts';
import { keepsHost } from './block-status.ts';
import { copyInto, type DataDestination, markZero } from './cluster-kinds.ts';
import type { LayerRun, LayerRuns } from './layer-runs.ts';

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
  /** True where snapshots share the host cluster of an offset that has one; absent where there are no snapshots. */
  readonly isShared?: (offset: number) => boolean;
}

/** The cluster that the old end lies in, once qemu has filled the rest of it with zeros. */
interface EndCluster {
  /** Kinds of its subclusters. */
  readonly kinds: Uint8Array;
  /** Where the zeros of the unit that the old end lies in are written to; absent where that ends with it. */
  readonly head?: DataDestination;
}

/** The runs of a target after its growth. Source: qcow2_co_truncate. */
export class GrownRuns implements LayerRuns {
  readonly size: number;
  readonly sliceSpan: number;
  readonly clusterSize: number;
  readonly #old: LayerRuns;
  readonly #growth: Growth;
  /** End of the unit and of the cluster that hold the old end, and start of the cluster. */
  readonly #unitEnd: number;
  readonly #clusterEnd: number;
  readonly #clusterStart: number;
  readonly #endCluster: EndCluster | undefined;

  constructor(old: LayerRuns, growth: Growth) {
    const { from, fillsZeros, clusterSize, unit } = growth;
    this.#old = old;
    this.#growth = growth;
    this.#unitEnd = unit === 0 ? from : Math.ceil(from / unit) * unit;
    this.#clusterStart = unit === 0 ? from : Math.floor(from / clusterSize) * clusterSize;
    this.#clusterEnd = unit === 0 ? from : Math.ceil(from / clusterSize) * clusterSize;
    this.size = growth.to;
    this.sliceSpan = old.sliceSpan;
    this.clusterSize = old.clusterSize;
    this.#endCluster = fillsZeros && this.#clusterEnd > from ? this.#fillCluster() : undefined;
  }

  at(offset: number): LayerRun {
    const { to, fillsZeros, unit } = this.#growth;
    if (unit === 0) return { start: 0, end: to, kind: DATA };
    if (offset >= this.#clusterEnd)
      return {
        start: this.#clusterEnd,
        end: Math.max(to, offset + 1),
        kind: fillsZeros ? ZERO_HOLE : UNALLOCATED,
      };
    if (this.#endCluster === undefined) return this.#stored(offset);
    const { kinds, head } = this.#endCluster;
    if (offset >= this.#clusterStart)
      return this.#filled(kinds, Math.floor((offset - this.#clusterStart) / unit));
    const run = this.#old.at(offset);
    if (run.end <= this.#clusterStart) return run;
    const goesOn = run.kind === kinds[0] && head !== 'copied';
    return { ...run, end: goesOn ? this.#filled(kinds, 0).end : this.#clusterStart };
  }

  /** The run of a subcluster of the cluster of the old end, from the first like it on. */
  #filled(kinds: Uint8Array, index: number): LayerRun {
    const { to, unit } = this.#growth;
    const kind = kinds[index] as number;
    let [first, end] = [index, index + 1];
    while (first > 0 && kinds[first - 1] === kind) first--;
    while (end < kinds.length && kinds[end] === kind) end++;
    const goesOn = end === kinds.length && kind === ZERO_HOLE;
    const stop = this.#clusterStart + end * unit;
    return { start: this.#clusterStart + first * unit, end: goesOn ? Math.max(to, stop) : stop, kind };
  }

  /** What the old table says; the run at the old end goes on where the rest of its cluster is alike. */
  #stored(offset: number): LayerRun {
    const { from } = this.#growth;
    const run = this.#old.at(offset);
    if (run.end !== from || from === this.#clusterEnd) return run;
    const rest = this.#old.at(from);
    return rest.kind === run.kind ? { ...run, end: rest.end } : run;
  }

  /** qemu marks whole units behind the old end as zeros, and then writes zeros to the unit that it lies in. */
  #fillCluster(): EndCluster {
    const { from, to, clusterSize, unit, isShared } = this.#growth;
    const start = this.#clusterStart;
    const kinds = new Uint8Array(clusterSize / unit);
    for (let i = 0; i < kinds.length; i++) kinds[i] = this.#old.at(start + i * unit).kind;
    if (this.marksCompressedPart) return { kinds };
    const end = Math.min(kinds.length, Math.ceil((to - start) / unit));
    for (let i = (this.#unitEnd - start) / unit; i < end; i++) markZero(kinds, i);
    if (this.#unitEnd === from) return { kinds };
    const head = (this.#unitEnd - start) / unit - 1;
    const shares = kinds.some(keepsHost) && isShared?.(start) === true;
    return { kinds, head: copyInto(kinds, head, head + 1, shares) };
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

  /** Where the zeros of the unit that the old end lies in are written to; undefined where no unit is written. */
  get head(): DataDestination | undefined {
    return this.#endCluster?.head;
  }
}
