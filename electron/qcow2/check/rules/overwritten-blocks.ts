/** Refcount blocks that hold something else than counts: every count in them that disagrees follows from that. */
import { dataViewOf } from '../../../../shared/bytes.ts';
import { CowscopeError } from '../../../../shared/error.ts';
import type { Cause, FindingCollector } from '../../../../shared/finding-collector.ts';
import { formatOffset } from '../../../../shared/text/offset.ts';
import { hex } from '../../format/bytes.ts';
import { recognizeContent } from '../../format/table-content.ts';
import type { RefcountBlocks } from '../../layout/refcount-blocks.ts';
import type { Qcow2Image } from '../../read/image.ts';
import { readBytes } from '../../read/source.ts';
import type { ClusterCounts } from '../cluster-counts.ts';
import { KEEP_EVIDENCE } from './advice.ts';

/** Blocks that are looked at: each is read again, and all its counts are compared. */
const MAX_BLOCKS = 256;
/** Clusters in use that a block of zeros must leave out. */
const MIN_LEFT_OUT = 2;
/** A count so far above its references, and above four times of them, is not one that a lost snapshot leaves. */
const WILD_COUNT = 16;
/** Different wild counts without which a block may hold counts after all: lost snapshots leave equal ones. */
const MIN_WILD = 4;
/** Clusters in use of which a block must count none rightly, not even the header's, to hold no counts whatever they are. */
const MIN_WRONG = 4;
/** So many different ones are enough, whatever the number of clusters: refcounts of 8 bits have no more than 255. */
const MANY_WILD = 100;

/** What the blocks of one image hold, looked up where a count in them disagrees. */
export class OverwrittenBlocks {
  readonly #collector: FindingCollector;
  readonly #image: Qcow2Image;
  readonly #blocks: RefcountBlocks;
  readonly #counts: ClusterCounts;
  /** By the number of the block the id of its finding, empty where it holds counts. */
  readonly #ids = new Map<number, string>();

  constructor(collector: FindingCollector, image: Qcow2Image, blocks: RefcountBlocks, counts: ClusterCounts) {
    this.#collector = collector;
    this.#image = image;
    this.#blocks = blocks;
    this.#counts = counts;
  }

  /** The id of the finding about the block that counts a cluster, empty where there is none. For clusters of this pass. */
  idFor(cluster: number): string {
    const { geometry, header } = this.#image;
    const perBlock = (geometry.clusterSize * 8) / header.refcountBits;
    const index = Math.floor(cluster / perBlock);
    const known = this.#ids.get(index);
    if (known !== undefined) return known;
    if (this.#ids.size >= MAX_BLOCKS) return '';
    const offset = this.#blocks.placeOf(index * perBlock);
    const content = offset === undefined ? undefined : this.#contentOf(offset, index * perBlock, perBlock);
    const id = content === undefined ? '' : `refcount block at ${hex(offset as number)}`;
    this.#ids.set(index, id);
    if (content !== undefined) this.#add(id, index, offset as number, content);
    return id;
  }

  /** What lies at an offset instead of the counts of clusters from `first` on; undefined where they may be counts. */
  #contentOf(offset: number, first: number, perBlock: number): string | undefined {
    let bytes: Uint8Array;
    try {
      bytes = readBytes(this.#image.source, offset, this.#image.geometry.clusterSize);
    } catch (error) {
      if (!(error instanceof CowscopeError)) throw error;
      return undefined; // reported where the refcounts are read
    }
    if (recognizeContent({ view: dataViewOf(bytes), at: 0, length: bytes.length }) === 'text') return 'text';
    const end = Math.min(first + perBlock, this.#counts.clusters);
    const wild = new Set<number>();
    let counted = 0;
    let used = 0;
    let right = 0;
    let wildClusters = 0;
    for (let cluster = first; cluster < end; cluster++) {
      const stored = this.#counts.storedOf(cluster);
      if (stored === undefined || stored < 0) continue;
      const references = this.#counts.referencesOf(cluster);
      if (references > 0) used++;
      if (references > 0 && stored === references) right++;
      if (stored > 0) counted++;
      if (stored <= WILD_COUNT + 4 * references) continue;
      wild.add(stored);
      wildClusters++;
    }
    if (used >= MIN_LEFT_OUT && counted === 0 && bytes.every(byte => byte === 0)) return 'zeros';
    if (used >= MIN_WRONG && right === 0 && (wild.size > 0 || (first === 0 && counted > 0)))
      return 'other data';
    // Something else lies in its cluster and wrote there last: the header counts once in every sound image.
    const isShared = this.#counts.referencesOf(offset / this.#image.geometry.clusterSize) > 1;
    const isHeaderWrong = first === 0 && this.#counts.storedOf(0) !== 1;
    if (used >= MIN_WRONG && isShared && isHeaderWrong && 2 * right < used) return 'other data';
    return wild.size >= MIN_WILD &&
      2 * wildClusters >= counted &&
      wild.size >= Math.min(wildClusters / 2, MANY_WILD)
      ? 'other data'
      : undefined;
  }

  #add(id: string, index: number, offset: number, content: string): void {
    const { clusterSize } = this.#image.geometry;
    const cause: Cause = {
      id,
      code: 'QCOW2_REFCOUNT_BLOCK_OVERWRITTEN',
      severity: 'corruption',
      what: () =>
        `refcount block ${index} at ${formatOffset(offset)} was overwritten: it holds ${content} and no counts, so that what is in use in its range cannot be distinguished from what is free`,
      advice: `${KEEP_EVIDENCE}; what is read does not depend on refcounts, and \`qemu-img check -r all\` on a copy builds them again`,
    };
    this.#collector.add(cause, {
      host: [offset, clusterSize],
      evidence: {
        source: `refcount block ${index}`,
        fileOffset: offset,
        value: content,
        bits: '',
      },
    });
  }
}
