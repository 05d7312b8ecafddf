/** Builds findings from the places where their causes show: one finding for a cause, with true counts, in bounded memory. */
import {
  type Finding,
  type FindingEvidence,
  type FindingSeverity,
  MAX_FINDING_PLACES,
  makeFinding,
  markColumns,
  type Range,
  type WitnessAnswer,
} from './model/finding.ts';
import { RangeSet } from './range-set.ts';

/** Ranges of one cause that are kept exactly for {@link FindingCollector.list}; beyond that neighbors are joined. */
const MAX_KEPT_RANGES = 2 ** 16;
/** Ranges kept to tell the lowest ones, more than are listed: neighbors may join later. */
const MAX_LOWEST_RANGES = 8 * MAX_FINDING_PLACES;

/** What is known of a cause whatever its places are. The fields are read when findings are listed. */
export interface Cause {
  /** Names the cause within its layer. */
  readonly id: string;
  readonly code: string;
  readonly severity: FindingSeverity;
  /** The sentence for a finding of so many places. */
  what(count: number): string;
  readonly advice: string;
  /** False where the guest ranges name where the cause shows, and what the guest reads there is whole. Default true. */
  readonly risksData?: boolean;
  readonly causedBy?: string;
  readonly witnesses?: readonly [WitnessAnswer, WitnessAnswer];
}

/** One place of a cause. */
export interface CausePlace {
  readonly guest?: Range;
  readonly host?: Range;
  readonly evidence?: FindingEvidence;
  /** By how much the count of places grows: 1 where it is not given, less where the place joins others, more for a run. */
  readonly count?: number;
  /** Bytes of the guest at risk whose offsets are not known. Default 0. */
  readonly bytes?: number;
}

/** The guest range from `start` up to `end`, as far as the disk of `size` bytes reaches; no range where that is nothing. */
export function guestRange(start: number, end: number, size: number): Pick<CausePlace, 'guest'> {
  const length = Math.min(end, size) - start;
  return length > 0 ? { guest: [start, length] } : {};
}

/** A cause with a fixed sentence. Its id is its code where no other is given. */
export function causeOf(
  facts: Omit<Cause, 'id' | 'what'> & { readonly id?: string; readonly what: string },
): Cause {
  return { ...facts, id: facts.id ?? facts.code, what: () => facts.what };
}

/** Where a cause shows. */
interface Places {
  cause: Cause;
  count: number;
  bytes: number;
  readonly all: RangeSet;
  readonly lowest: RangeSet;
  readonly allHosts: RangeSet;
  readonly hosts: RangeSet;
  readonly evidence: FindingEvidence[];
}

/** The findings of one layer, or of the chain as a whole, while they are found. The caller bounds the number of causes. */
export class FindingCollector {
  /** The layer that findings name. May be set once it is known. */
  layer: number;
  readonly #causes = new Map<string, Places>();
  #changes = 0;
  #listed: readonly Finding[] = [];
  #listedAt = 0;

  constructor(layer = 0) {
    this.layer = layer;
  }

  /** Grows with everything that is added. */
  get changes(): number {
    return this.#changes;
  }

  /** True if there is a cause of that id. */
  has(id: string): boolean {
    return this.#causes.has(id);
  }

  /** True while places of this cause are listed one by one: the rest need neither evidence nor a place of the file. */
  wantsEvidence(id: string): boolean {
    return (this.#causes.get(id)?.evidence.length ?? 0) < MAX_FINDING_PLACES;
  }

  /**
   * Adds a place of a cause. The first cause given for an id is kept, later ones only bring their places. A place must
   * be added once.
   */
  add(cause: Cause, place: CausePlace = {}): void {
    this.#changes++;
    const places = this.#causes.get(cause.id) ?? noPlaces(cause);
    if (places.count === 0) this.#causes.set(cause.id, places);
    const { guest, host, evidence, count = 1, bytes = 0 } = place;
    places.count += count;
    if (cause.risksData !== false) places.bytes += bytes + (guest?.[1] ?? 0);
    if (guest !== undefined) {
      places.all.add(...guest);
      addLowest(places.lowest, guest);
    }
    if (host !== undefined) {
      places.allHosts.add(...host);
      addLowest(places.hosts, host);
    }
    if (evidence !== undefined && places.evidence.length < MAX_FINDING_PLACES) places.evidence.push(evidence);
  }

  /** The cause of an id, as it was given. */
  causeOf(id: string): Cause | undefined {
    return this.#causes.get(id)?.cause;
  }

  /** Puts another cause of the same id in place of one that was added: more is known of it now. Its places stay. */
  replace(cause: Cause): void {
    const places = this.#causes.get(cause.id);
    if (places === undefined || places.cause === cause) return;
    places.cause = cause;
    this.#changes++;
  }

  /** What was found so far, in the order in which the causes were found first. */
  list(): readonly Finding[] {
    if (this.#listedAt !== this.#changes) {
      this.#listed = [...this.#causes.values()].map(places => this.#findingOf(places));
      this.#listedAt = this.#changes;
    }
    return this.#listed;
  }

  /**
   * The findings with a place in guest offsets [start, end). Exact up to 65,536 separate ranges of a cause, above that
   * some more may be named.
   */
  listWithin(start: number, end: number): readonly Finding[] {
    const all = [...this.#causes.values()];
    return this.list().filter((_, i) => all[i]?.all.touches(start, end));
  }

  /**
   * The next guest offset above `from`, or below it where `backwards`, at which a place begins; -1 where there is none.
   * Notes are passed over.
   */
  nextPlace(from: number, backwards: boolean): number {
    let best = -1;
    for (const { all, cause } of this.#causes.values()) {
      if (cause.severity === 'note') continue;
      const found = all.nextStart(from, backwards);
      if (found >= 0 && (best < 0 || (backwards ? found > best : found < best))) best = found;
    }
    return best;
  }

  /** The guest offsets at which places begin, in no order, some of them twice. Notes are passed over. */
  starts(): number[] {
    const causes = [...this.#causes.values()].filter(({ cause }) => cause.severity !== 'note');
    return causes.flatMap(({ all }) => all.ranges().map(([start]) => start));
  }

  /**
   * Marks the columns of [start, end) of the guest's axis, or of the layer's file, that a place touches, notes aside. Exact
   * as {@link listWithin} is.
   */
  markPlaces(
    columns: Uint8Array,
    range: { readonly start: number; readonly end: number },
    axis: 'guest' | 'host' = 'guest',
  ): void {
    for (const { all, allHosts, cause } of this.#causes.values()) {
      const places = axis === 'guest' ? all : allHosts;
      if (cause.severity !== 'note' && places.touches(range.start, range.end))
        markColumns(columns, cause.severity, range, (start, end) => places.touches(start, end));
    }
  }

  #findingOf({ cause, count, bytes, lowest, hosts, evidence }: Places): Finding {
    const { id, code, severity, advice, causedBy, witnesses } = cause;
    return makeFinding({
      id,
      code,
      severity,
      layer: this.layer,
      what: cause.what(count),
      advice,
      guest: lowest.ranges(MAX_FINDING_PLACES),
      host: hosts.ranges(MAX_FINDING_PLACES),
      evidence: [...evidence],
      count,
      bytesAtRisk: cause.risksData === false ? 0 : bytes,
      ...(causedBy === undefined ? {} : { causedBy }),
      ...(witnesses === undefined ? {} : { witnesses }),
    });
  }
}

function noPlaces(cause: Cause): Places {
  return {
    cause,
    count: 0,
    bytes: 0,
    all: new RangeSet(MAX_KEPT_RANGES),
    lowest: new RangeSet(),
    allHosts: new RangeSet(MAX_KEPT_RANGES),
    hosts: new RangeSet(),
    evidence: [],
  };
}

/** Adds a range to a set that keeps the lowest ones only. */
function addLowest(set: RangeSet, [start, length]: Range): void {
  set.add(start, length);
  if (set.count > MAX_LOWEST_RANGES) set.truncate(MAX_LOWEST_RANGES);
}
