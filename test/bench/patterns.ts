/** What the guest clusters of each layer are, for every kind of chain that the bench makes. */
import type { ClusterSpec, Clusters, SimpleKind } from '../support/images/qcow2-builder.ts';

/**
 * alt: every cluster of the guest is a separate extent, in the merged map and in both contexts of NBD.
 * random: runs with a mean of four clusters, each layer for itself.
 * scatter: the clusters of alt, whose host clusters lie in disorder, as after random writes of a guest.
 * apart: the clusters of alt, whose L2 tables lie apart from each other, each behind the data that it describes.
 * subclusters: every subcluster of the guest (extended L2) is a separate extent.
 */
const PATTERNS = ['alt', 'random', 'scatter', 'apart', 'subclusters'] as const;

export type Pattern = (typeof PATTERNS)[number];

/** Names of the layers, base first. */
export const LAYERS = ['base', 'mid', 'top'] as const;

export type LayerName = (typeof LAYERS)[number];

/** Clusters of a layer by index; functions keep state and are asked in ascending order, once. */
export function clustersOf(pattern: Pattern, layer: LayerName, count: number): Clusters {
  if (pattern === 'random') return randomRuns(LAYERS.indexOf(layer) + 1);
  if (pattern === 'subclusters') return subclusters(layer, count);
  return ALTERNATING[layer];
}

/** Data clusters and allocated zeros that `alternating` gives a layer of `count` clusters. */
export function hostClustersOfAlternating(layer: LayerName, count: number): number {
  if (layer === 'top') return Math.ceil(count / 2);
  return layer === 'mid' ? 0 : Math.floor(count / 4);
}

/** Data on even clusters of the top, plain zeros on every other odd one in the middle, allocated zeros in the base. */
const ALTERNATING: Readonly<Record<LayerName, (index: number) => SimpleKind>> = {
  top: index => (index % 2 === 0 ? 'data' : 'unallocated'),
  mid: index => (index % 4 === 1 ? 'zeroHole' : 'unallocated'),
  base: index => (index % 4 === 3 ? 'zeroAllocated' : 'unallocated'),
};

const KINDS: readonly SimpleKind[] = ['data', 'zeroHole', 'zeroAllocated', 'unallocated'];

/** Geometric runs with a mean of four clusters; neighboring runs differ. The same for the same seed. */
function randomRuns(seed: number): (index: number) => SimpleKind {
  const random = generator(seed);
  let kind = Math.floor(random() * 4);
  return () => {
    if (random() < 0.25) kind = (kind + 1 + Math.floor(random() * 3)) % 4;
    return KINDS[kind] as SimpleKind;
  };
}

/** The alternation of ALTERNATING, one level down: subcluster i of every cluster. Bits repeat every four. */
function* subclusters(layer: LayerName, count: number): Generator<ClusterSpec> {
  const alloc = layer === 'top' ? 0x55555555 : 0;
  const zero = layer === 'top' ? 0 : layer === 'mid' ? 0x22222222 : 0x88888888;
  for (let index = 0; index < count; index++)
    yield { index, kind: 'subclusters', alloc, zero, host: layer !== 'mid' };
}

/** Numbers in [0, 1), always the same ones (xorshift32). */
export function generator(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
