/** Refcounts that differ from the references. */
import type { Cause, FindingCollector } from '../../../../shared/finding-collector.ts';
import type { FindingEvidence, FindingSeverity } from '../../../../shared/model/finding.ts';
import { countOf, formatOffset, formatSize } from '../../../../shared/text/offset.ts';
import { CLUSTER_USE } from '../../layout/cluster-uses.ts';
import type { RefcountBlocks } from '../../layout/refcount-blocks.ts';
import type { CountedCluster } from '../cluster-counts.ts';
import { addGuests, type Suspect, type Suspects } from '../suspects.ts';
import { KEEP_EVIDENCE, LEAK_ADVICE } from './advice.ts';

/** One kind of disagreement; several causes where some of its places follow from something else. */
class RefcountCause implements Cause {
  readonly id: string;
  readonly code: string;
  readonly severity: FindingSeverity;
  readonly advice: string;
  readonly risksData: boolean;
  readonly #sentence: (count: number) => string;
  readonly causedBy?: string;

  constructor(
    code: string,
    severity: FindingSeverity,
    sentence: (count: number) => string,
    advice: string,
    causedBy = '',
  ) {
    this.id = causedBy === '' ? code : `${code} by ${causedBy}`;
    this.code = code;
    this.severity = severity;
    this.advice = advice;
    this.risksData = causedBy === '';
    this.#sentence = sentence;
    if (causedBy !== '') this.causedBy = causedBy;
  }

  what(count: number): string {
    return this.#sentence(count);
  }
}

/** Leaked clusters that are kept one by one. */
const MAX_LEAKED = 2 ** 16;

/** Counted, and referred to by nothing. */
export const LEAKED_CLUSTER = {
  code: 'QCOW2_LEAKED',
  severity: 'leak',
  what: (n: number, clusterSize: number) =>
    `${countOf(n, 'cluster')} (${formatSize(n * clusterSize)}) ${n === 1 ? 'is' : 'are'} counted as used, and nothing refers to ${n === 1 ? 'it' : 'them'}`,
  advice: LEAK_ADVICE,
} as const;
/** Counted more often than referred to. */
export const REFCOUNT_HIGH = {
  code: 'QCOW2_REFCOUNT_HIGH',
  severity: 'leak',
  what: (n: number) => `${refcounts(n)} above ${n === 1 ? 'its' : 'their'} references`,
  advice: 'nothing is lost: such clusters are copied on the next write, and never freed',
} as const;
/** Counted less often than referred to. */
export const REFCOUNT_LOW = {
  code: 'QCOW2_REFCOUNT_LOW',
  severity: 'corruption',
  what: (n: number) =>
    `${refcounts(n)} below ${n === 1 ? 'its' : 'their'} references: when one of the users of such a cluster lets it go, it is given to new data while the others still use it`,
  advice: KEEP_EVIDENCE,
} as const;
/** Referred to, and not counted at all. */
export const REFCOUNT_ZERO = {
  code: 'QCOW2_REFCOUNT_ZERO',
  severity: 'corruption',
  what: (n: number) =>
    `${clusters(n)} in use and counted as free: the next write may overwrite ${n === 1 ? 'it' : 'them'}`,
  advice: KEEP_EVIDENCE,
} as const;
const REFCOUNT_OVERFLOW = {
  code: 'QCOW2_REFCOUNT_OVERFLOW',
  severity: 'corruption',
  what: (n: number) =>
    `${countOf(n, 'reference')} ${n === 1 ? 'is' : 'are'} more than the refcounts of this image can count`,
  advice:
    'copy the image with `qemu-img convert`, or widen the refcounts of a copy with `qemu-img amend -o refcount_bits=…`',
} as const;

function clusters(count: number): string {
  return `${countOf(count, 'cluster')} ${count === 1 ? 'is' : 'are'}`;
}

function refcounts(count: number): string {
  return `the ${count === 1 ? 'refcount' : 'refcounts'} of ${clusters(count)}`;
}

/** What a wrong refcount, `stored` as it is, is caused by: the id of a finding, empty where nothing explains it. */
export type ExplainRefcount = (cluster: number, stored: number) => string;

/** Compares refcounts with references, and counts as qemu-img check counts. */
export class RefcountRules {
  corruptions = 0;
  leaks = 0;
  checkErrors = 0;
  /** Clusters that nothing refers to, although they are counted. */
  leaked = 0;
  /** The first of them. */
  readonly leakedClusters: number[] = [];
  readonly #collector: FindingCollector;
  readonly #blocks: RefcountBlocks;
  readonly #suspects: Suspects;
  readonly #explain: ExplainRefcount;
  readonly #clusterSize: number;
  readonly #maxRefcount: number;
  readonly #causes = new Map<string, RefcountCause>();

  constructor(
    collector: FindingCollector,
    blocks: RefcountBlocks,
    suspects: Suspects,
    explain: ExplainRefcount,
    { clusterSize, refcountBits }: { readonly clusterSize: number; readonly refcountBits: number },
  ) {
    this.#collector = collector;
    this.#blocks = blocks;
    this.#suspects = suspects;
    this.#explain = explain;
    this.#clusterSize = clusterSize;
    this.#maxRefcount = 2 ** refcountBits - 1;
  }

  /** Adds the finding of a cluster that is counted too high; one that is counted too low is judged once its users are known. */
  judge(found: CountedCluster): number {
    const { cluster, stored } = found;
    let { references } = found;
    if (references > this.#maxRefcount) {
      this.corruptions += references - this.#maxRefcount;
      if (!found.isShared || !this.#suspects.hasRoom) this.#addOverflow(found, '');
      references = this.#maxRefcount;
    }
    if (stored === undefined) {
      this.checkErrors++;
      // What shares it with what does not depend on the refcount.
      if (!found.isShared || !this.#suspects.hasRoom) return 0;
      this.#suspects.add(found);
      return 1;
    }
    if (stored > references) {
      this.leaks++;
      this.#add(
        found.references === 0 ? LEAKED_CLUSTER : REFCOUNT_HIGH,
        found,
        this.#explain(cluster, stored),
      );
    }
    const isLow = stored < references;
    if (isLow) this.corruptions++;
    if (!isLow && !found.isShared) return 0;
    if (this.#suspects.hasRoom) {
      this.#suspects.add(found);
      return 1;
    }
    if (isLow) this.#add(stored === 0 ? REFCOUNT_ZERO : REFCOUNT_LOW, found, this.#explain(cluster, stored));
    return 0;
  }

  /** Adds a suspect that is counted too low, if it is; `causedBy` explains it. */
  addLow(suspect: Suspect, causedBy: string): void {
    const { stored, references } = suspect;
    if (suspect.isShared && references > this.#maxRefcount) this.#addOverflow(suspect, causedBy);
    if (stored === undefined || stored >= Math.min(references, this.#maxRefcount)) return;
    const kind = stored === 0 ? REFCOUNT_ZERO : REFCOUNT_LOW;
    const cause = causedBy || this.#explain(suspect.cluster, stored);
    this.#add(kind, { ...suspect, uses: 0 }, cause);
    addGuests(this.#collector, this.#causeOf(kind, cause), suspect, this.#clusterSize);
  }

  #addOverflow(found: CountedCluster, causedBy: string): void {
    this.#add(REFCOUNT_OVERFLOW, found, causedBy, found.references - this.#maxRefcount);
  }

  #add(kind: Kind, found: CountedCluster, causedBy: string, count = 1): void {
    const cause = this.#causeOf(kind, causedBy);
    if (kind === LEAKED_CLUSTER && causedBy === '') {
      this.leaked++;
      if (this.leakedClusters.length < MAX_LEAKED) this.leakedClusters.push(found.cluster);
    }
    const { cluster, uses } = found;
    const wantsEvidence = this.#collector.wantsEvidence(cause.id);
    this.#collector.add(cause, {
      host: [cluster * this.#clusterSize, this.#clusterSize],
      ...(wantsEvidence ? { evidence: this.#evidenceOf(found) } : {}),
      ...(kind.severity === 'corruption' && (uses & CLUSTER_USE.data) !== 0 && causedBy === ''
        ? { bytes: this.#clusterSize }
        : {}),
      count,
    });
  }

  #causeOf(kind: Kind, causedBy: string): RefcountCause {
    const { code, severity, advice } = kind;
    const what: (count: number, clusterSize: number) => string = kind.what;
    const id = causedBy === '' ? code : `${code} by ${causedBy}`;
    const known = this.#causes.get(id);
    if (known !== undefined) return known;
    const cause = new RefcountCause(code, severity, n => what(n, this.#clusterSize), advice, causedBy);
    this.#causes.set(id, cause);
    return cause;
  }

  #evidenceOf({ cluster, stored, references }: CountedCluster): FindingEvidence {
    const fileOffset = this.#blocks.placeOf(cluster);
    return {
      source: `refcount of the cluster at ${formatOffset(cluster * this.#clusterSize)}`,
      ...(fileOffset === undefined ? {} : { fileOffset }),
      value: String(stored),
      bits: countOf(references, 'reference'),
    };
  }
}

type Kind =
  | typeof LEAKED_CLUSTER
  | typeof REFCOUNT_HIGH
  | typeof REFCOUNT_LOW
  | typeof REFCOUNT_ZERO
  | typeof REFCOUNT_OVERFLOW;
