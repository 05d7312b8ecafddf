/** A whole image file by what each of its clusters holds. */
import type { Finding } from '../../../shared/model/finding.ts';
import type { HostCluster, HostLayout, HostRun } from '../../../shared/model/layout.ts';
import type { Qcow2Image } from '../read/image.ts';
import type { SlicedWork } from '../read/sliced-work.ts';
import { sizeNow } from '../read/source.ts';
import { ClusterUsers } from './cluster-users.ts';
import { CopySize } from './copy-size.ts';
import { HostColumns } from './host-columns.ts';
import { HostKinds } from './host-kinds.ts';
import { LimitPassed, ReadLimit, SLACK_BYTES } from './read-limit.ts';
import { RefcountBlocks } from './refcount-blocks.ts';
import type { TableVisitor } from './reference-sink.ts';
import { References } from './references.ts';
import { TableSpans } from './table-spans.ts';

/** 16 TiB of a file with 64 KiB clusters: 192 MiB while it is mapped, and at most 128 MiB afterwards. */
const MAX_CLUSTERS = 2 ** 28;

const isCorruption = ({ severity }: Finding) => severity === 'corruption';

/** A file by kinds. */
export interface HostMap {
  readonly layout: HostLayout;
  readonly columns: HostColumns;
  /** Neighboring clusters of one kind that touch bytes [start, end) of the file, in order; the last one ends with it. */
  readonly runs: (start?: number, end?: number) => Generator<HostRun>;
  /** What refers to the cluster at an offset. Reads again the tables that reach it. */
  readonly clusterAt: (offset: number) => SlicedWork<HostCluster>;
}

/**
 * Maps the file of an image. `maxChunks` chunks of clusters are counted at once; tests make them fewer. Throws LimitPassed
 * for more clusters or tables than are read, and QCOW2_READ_FAILED.
 */
export function* mapHost(image: Qcow2Image, maxChunks?: number): SlicedWork<HostMap> {
  const { source, geometry } = image;
  const { clusterSize } = geometry;
  const fileLength = sizeNow(source);
  const clusters = Math.ceil(fileLength / clusterSize);
  if (clusters > MAX_CLUSTERS) throw new LimitPassed('the file has too many clusters');
  const unknown = new Set<string>();
  const onFault = (what: string) => unknown.add(what);
  const blocks = new RefcountBlocks(image, fileLength, onFault);
  const references = new References(image, fileLength, blocks, onFault);
  const tables = yield* references.l2Tables(new ReadLimit(source, SLACK_BYTES));
  const kinds = new HostKinds(image, clusters, tables, maxChunks);
  const spans = new TableSpans(tables.offsets.length, clusters, geometry);
  const copy = new CopySize(image, tables, fileLength);
  let isFirstPass = true;
  const visitor: TableVisitor = {
    visitTable(index, view, at) {
      kinds.visitTable(index, view, at);
      spans.take(index, view, at);
      if (isFirstPass) copy.take(index, view, at);
    },
    missTable(index) {
      spans.miss(index);
      copy.miss(index);
    },
  };
  for (let more = true; more; more = yield* kinds.nextPass(), isFirstPass = false) {
    const limit = new ReadLimit(source, SLACK_BYTES);
    yield* references.walk(kinds, limit, visitor);
    yield* blocks.read(kinds, limit);
  }
  const columns = yield* HostColumns.of(kinds, fileLength, clusterSize);
  const sums = columns.sums();
  // What is damaged is not copied as it should be, or not at all.
  const isDamaged = unknown.size > 0 || sums.clash > 0 || image.findings.some(isCorruption);
  const copyBytes = isDamaged ? undefined : copy.most();

  return {
    layout: {
      fileLength,
      clusterSize,
      imageEnd: (kinds.highest + 1) * clusterSize,
      sums,
      unknown: [...unknown],
      ...(copyBytes === undefined ? {} : { copyBytes }),
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
      const reachesIt = (table: number) => spans.mayReferTo(table, number);
      yield* references.walk(found, new ReadLimit(source, SLACK_BYTES), found, reachesIt);
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
