/**
 * The chain of a machine as clouds make it: a short base of compressed clusters, and overlays of the whole disk that each
 * hold random runs of data with some zeros among them. Metadata alone, in sparse files.
 */
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { generator } from '../../bench/patterns.ts';
import { type ClusterSpec, writeQcow2 } from './qcow2-builder.ts';

export const CLOUD_CLUSTER = 65_536;

/** What each cluster of a layer is. */
export type CloudKind = 'unallocated' | 'data' | 'zeroHole' | 'zeroAllocated' | 'compressed';

/** One layer, base first in its chain. */
export interface CloudLayer {
  readonly path: string;
  /** By cluster; as long as the layer. */
  readonly kinds: readonly CloudKind[];
}

/** What a chain is made from; sizes are in clusters. */
export interface CloudSpec {
  readonly seed: number;
  readonly clusters: number;
  readonly baseClusters: number;
  /** Clusters that each overlay holds, about. */
  readonly held: readonly number[];
  /** Mean length of a run. Default 20. */
  readonly meanRun?: number;
}

/** 100 GiB over a base of 2 GiB. */
export const CLOUD_100_GIB: CloudSpec = {
  seed: 1,
  clusters: 1_638_400,
  baseClusters: 32_768,
  held: [158_000, 114_000, 96_000, 21_000],
};

/** Writes the chain into a folder. The same for the same specification. */
export function writeCloudChain(folder: string, spec: CloudSpec): CloudLayer[] {
  const random = generator(spec.seed);
  const base = runs(random, spec.baseClusters, 0.9 * spec.baseClusters, spec, ['compressed']);
  const overlays = spec.held.map(held => runs(random, spec.clusters, held, spec, OVERLAY_KINDS));
  const layers: CloudLayer[] = [];
  for (const kinds of [base, ...overlays]) {
    const path = join(folder, `layer${layers.length}.qcow2`);
    const backing =
      layers.length === 0 ? {} : { backingFile: `layer${layers.length - 1}.qcow2`, backingFormat: 'qcow2' };
    const fd = openSync(path, 'wx');
    writeQcow2(fd, {
      size: kinds.length * CLOUD_CLUSTER,
      clusters: clustersOf(kinds),
      l2Together: true,
      ...backing,
    });
    closeSync(fd);
    layers.push({ path, kinds });
  }
  return layers;
}

const OVERLAY_KINDS: readonly CloudKind[] = ['data', 'data', 'data', 'data', 'zeroHole', 'zeroAllocated'];
/** A compressed cluster: bit 62, one more sector than its first, and the host offset of the L1 table's cluster. */
const COMPRESSED_ENTRY = (1n << 62n) | BigInt(CLOUD_CLUSTER);

function* clustersOf(kinds: readonly CloudKind[]): Generator<ClusterSpec> {
  for (const [index, kind] of kinds.entries()) {
    if (kind === 'unallocated') continue;
    yield kind === 'compressed' ? { index, kind: 'entry', entry: COMPRESSED_ENTRY } : { index, kind };
  }
}

/** Gaps and runs of geometric lengths, of which the runs sum to about `held`. */
function runs(
  random: () => number,
  clusters: number,
  held: number,
  { meanRun = 20 }: CloudSpec,
  choices: readonly CloudKind[],
): CloudKind[] {
  const meanGap = Math.max(1, (meanRun * (clusters - held)) / held);
  const length = (mean: number) => 1 + Math.floor(-Math.log(1 - random()) * (mean - 0.5));
  const kinds: CloudKind[] = [];
  const add = (kind: CloudKind, count: number) => {
    for (let i = 0; i < count && kinds.length < clusters; i++) kinds.push(kind);
  };
  while (kinds.length < clusters) {
    add('unallocated', length(meanGap));
    add(choices[Math.floor(random() * choices.length)] as CloudKind, length(meanRun));
  }
  return kinds;
}
