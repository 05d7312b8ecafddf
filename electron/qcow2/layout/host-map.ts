/** A whole image file by what each of its clusters holds. */
import {
  HOST_KINDS,
  type HostCluster,
  type HostKind,
  type HostLayout,
  type HostRun,
} from '../../../shared/model/layout.ts';
import type { Qcow2Image } from '../read/image.ts';
import type { SlicedWork } from '../read/sliced-work.ts';
import { sizeNow } from '../read/source.ts';
import { ClusterUsers } from './cluster-users.ts';
import { HostKinds } from './host-kinds.ts';
import { LimitPassed, ReadLimit, SLACK_BYTES } from './read-limit.ts';
import { RefcountBlocks } from './refcount-blocks.ts';
import { References } from './references.ts';

/** 16 TiB of a file with 64 KiB clusters: 256 MiB. */
const MAX_CLUSTERS = 2 ** 28;
/** Clusters between two yields of a pass over all of them. */
const STRIDE_CLUSTERS = 2 ** 16;

/** A file by kinds. */
export interface HostMap {
  readonly layout: HostLayout;
  /** Neighboring clusters of one kind, in the order of the file; the last one ends with it. */
  runs(): Generator<HostRun>;
  /** The cluster that was asked for. */
  readonly cluster?: HostCluster;
}

/**
 * Maps the file of an image. With `offset` also what refers to the cluster there. Throws LimitPassed for more clusters
 * or tables than are read, and QCOW2_READ_FAILED.
 */
export function* mapHost(image: Qcow2Image, offset?: number): SlicedWork<HostMap> {
  const { source, geometry } = image;
  const { clusterSize } = geometry;
  const fileLength = sizeNow(source);
  const clusters = Math.ceil(fileLength / clusterSize);
  if (clusters > MAX_CLUSTERS) throw new LimitPassed('the file has too many clusters');
  const unknown = new Set<string>();
  const onFault = (what: string) => unknown.add(what);
  const blocks = new RefcountBlocks(image, fileLength, onFault);
  const references = new References(image, fileLength, blocks, onFault);
  const limit = new ReadLimit(source, SLACK_BYTES);
  const tables = yield* references.l2Tables(limit);
  const kinds = new HostKinds(image, clusters, tables);
  yield* references.walk(kinds, limit, kinds);
  yield* blocks.read(kinds, limit);

  const sums = Object.fromEntries(HOST_KINDS.map(kind => [kind, 0])) as Record<HostKind, number>;
  const inFile = (run: HostRun) => ({ ...run, length: Math.min(run.length, fileLength - run.start) });
  for (let first = 0; first < clusters; first += STRIDE_CLUSTERS) {
    for (const run of kinds.runs(first, Math.min(clusters, first + STRIDE_CLUSTERS)))
      sums[run.kind] += inFile(run).length;
    yield;
  }
  return {
    layout: {
      fileLength,
      clusterSize,
      imageEnd: (kinds.highest + 1) * clusterSize,
      sums,
      unknown: [...unknown],
    },
    ...(offset === undefined ? {} : { cluster: yield* clusterAt(offset) }),
    *runs() {
      for (const run of kinds.runs()) yield inFile(run);
    },
  };

  function* clusterAt(at: number): SlicedWork<HostCluster> {
    const number = Math.floor(at / clusterSize);
    const found = new ClusterUsers(image, tables, number);
    yield* references.walk(found, new ReadLimit(source, SLACK_BYTES), found);
    const refcount = blocks.refcountOf(number);
    return {
      start: number * clusterSize,
      length: clusterSize,
      kind: number < clusters ? kinds.kindOf(number) : 'tail',
      ...(refcount === undefined ? {} : { refcount }),
      references: found.references,
      users: yield* found.placed(),
    };
  }
}
