/** A whole image file by what each of its clusters holds. */
import type { HostCluster, HostLayout, HostRun } from '../../../shared/model/layout.ts';
import type { Qcow2Image } from '../read/image.ts';
import type { SlicedWork } from '../read/sliced-work.ts';
import { sizeNow } from '../read/source.ts';
import { ClusterUsers } from './cluster-users.ts';
import { HostColumns } from './host-columns.ts';
import { HostKinds } from './host-kinds.ts';
import { LimitPassed, ReadLimit, SLACK_BYTES } from './read-limit.ts';
import { RefcountBlocks } from './refcount-blocks.ts';
import { References } from './references.ts';

/** 16 TiB of a file with 64 KiB clusters: 256 MiB. */
const MAX_CLUSTERS = 2 ** 28;
/** A file by kinds. */
export interface HostMap {
  readonly layout: HostLayout;
  readonly columns: HostColumns;
  /** Neighboring clusters of one kind that touch bytes [start, end) of the file, in order; the last one ends with it. */
  readonly runs: (start?: number, end?: number) => Generator<HostRun>;
  /** What refers to the cluster at an offset. Walks all tables again. */
  readonly clusterAt: (offset: number) => SlicedWork<HostCluster>;
}

/** Maps the file of an image. Throws LimitPassed for more clusters or tables than are read, and QCOW2_READ_FAILED. */
export function* mapHost(image: Qcow2Image): SlicedWork<HostMap> {
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
  const columns = yield* HostColumns.of(kinds, fileLength, clusterSize);

  return {
    layout: {
      fileLength,
      clusterSize,
      imageEnd: (kinds.highest + 1) * clusterSize,
      sums: columns.sums(),
      unknown: [...unknown],
    },
    columns,
    *runs(start = 0, end = fileLength) {
      const last = Math.min(clusters, Math.ceil(end / clusterSize));
      for (const run of kinds.runs(Math.floor(start / clusterSize), last))
        yield { ...run, length: Math.min(run.length, fileLength - run.start) };
    },
    *clusterAt(at) {
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
    },
  };
}
