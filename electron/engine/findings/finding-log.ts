/** Every finding of one session: what discovery of the chain, reading its tables and comparing witnesses found. */

import type { FindingCollector } from '../../../shared/finding-collector.ts';
import {
  FINDING_SEVERITIES,
  type Finding,
  type FindingCount,
  type FindingFilter,
  type FindingMarks,
  type FindingPage,
  type FindingPlace,
  type FindingSummary,
  markColumns,
  rankFindings,
  touchesRange,
} from '../../../shared/model/finding.ts';
import type { StoredLayer } from '../tables/stored-layer.ts';

/** What a check found of a layer, by id, and all the places of it. */
interface CheckedLayer {
  readonly byId: ReadonlyMap<string, Finding>;
  readonly places: FindingCollector;
}

/** What the log needs of a layer. */
type FoundLayer = Pick<StoredLayer, 'index' | 'findings'>;

/** Ranks, filters and counts. Memory is bounded by the number of causes, which is bounded where they are made. */
export class FindingLog {
  readonly #layers: readonly FoundLayer[];
  /** Findings that were complete when they came. */
  readonly #whole: Finding[] = [];
  /** By layer what its last check found. */
  readonly #checked = new Map<number, CheckedLayer>();
  #checks = 0;
  #ranked: readonly Finding[] = [];
  #rankedAt = 0;

  constructor(layers: readonly FoundLayer[]) {
    this.#layers = layers;
  }

  /** Grows with everything that is found. */
  get changes(): number {
    const made = this.#whole.length + this.#checks;
    return this.#layers.reduce((sum, { findings }) => sum + findings.changes, made);
  }

  /** Adds findings that were made elsewhere, such as those of the chain's discovery. */
  add(findings: readonly Finding[]): void {
    this.#whole.push(...findings);
  }

  /** Takes what a check of a layer found, in place of an earlier check and of what a map shows of the same causes. */
  setChecked(layer: number, findings: readonly Finding[], places: FindingCollector): void {
    this.#checked.set(layer, { byId: new Map(findings.map(finding => [finding.id, finding])), places });
    // The marks of what the map shows are as severe as what the check, which knows more, makes of it.
    const shown = this.#layers.find(({ index }) => index === layer)?.findings;
    for (const { id } of findings) {
      const cause = places.causeOf(id);
      if (cause !== undefined) shown?.replace(cause);
    }
    this.#checks++;
  }

  /** What was found of a layer so far, ranked. */
  ofLayer(layer: number): Finding[] {
    return this.#rank().filter(finding => finding.layer === layer);
  }

  /** How many findings there are. */
  summary(): FindingSummary {
    const ranked = this.#rank();
    const of = (severity: Finding['severity']) =>
      ranked.reduce((sum, finding) => sum + (finding.severity === severity ? 1 : 0), 0);
    const [corruption, hazard, leak, note] = FINDING_SEVERITIES.map(of) as [number, number, number, number];
    return { total: ranked.length, severities: { corruption, hazard, leak, note } };
  }

  /** How many there are of each code, severity and layer, in the order of their ranks. */
  counts(): FindingCount[] {
    const counts = new Map<string, FindingCount>();
    for (const { code, severity, layer, count, bytesAtRisk, causedBy } of this.#rank()) {
      const key = `${layer} ${severity} ${code}`;
      const before = counts.get(key) ?? { findings: 0, places: 0, bytesAtRisk: 0, followUps: 0 };
      counts.set(key, {
        code,
        severity,
        layer,
        findings: before.findings + 1,
        places: before.places + count,
        bytesAtRisk: before.bytesAtRisk + bytesAtRisk,
        followUps: before.followUps + (causedBy === undefined ? 0 : 1),
      });
    }
    return [...counts.values()];
  }

  /** The findings that a filter lets through, from number `skip` of them on, at most `most`. */
  page(filter: FindingFilter, skip: number, most: number): FindingPage {
    const passing = this.#within(filter).filter(finding => passes(finding, filter));
    return { findings: passing.slice(skip, skip + most), total: passing.length };
  }

  /**
   * The next place of a finding after `from`, or before it where `backwards`: by offset, and at one offset from the top
   * layer down. Notes are passed over. Null where there is none.
   */
  nextPlace(from: FindingPlace, backwards: boolean): FindingPlace | null {
    let best: FindingPlace | null = null;
    for (const { index: layer, findings } of this.#layers) {
      const isAhead = backwards ? layer > from.layer : layer < from.layer;
      const limit = from.offset + (isAhead ? (backwards ? 1 : -1) : 0);
      const starts = this.#whole
        .filter(finding => finding.layer === layer && finding.severity !== 'note')
        .flatMap(({ guest }) => guest.map(([start]) => start));
      const checked = this.#checked.get(layer)?.places.nextPlace(limit, backwards) ?? -1;
      for (const offset of [findings.nextPlace(limit, backwards), checked, ...starts]) {
        if (offset < 0 || (backwards ? offset >= limit : offset <= limit)) continue;
        const place = { layer, offset };
        if (best === null || isBefore(place, best) !== backwards) best = place;
      }
    }
    return best;
  }

  /** The guest offsets at which places of a layer's findings begin, as {@link nextPlace} goes through them. */
  startsOf(layer: number): Set<number> {
    const own = this.#layers.filter(({ index }) => index === layer);
    const whole = this.#whole.filter(finding => finding.layer === layer && finding.severity !== 'note');
    return new Set([
      ...own.flatMap(({ findings }) => findings.starts()),
      ...(this.#checked.get(layer)?.places.starts() ?? []),
      ...whole.flatMap(({ guest }) => guest.map(([start]) => start)),
    ]);
  }

  /** Where findings touch columns of [start, end), for each layer that has such columns. */
  marks(range: { readonly start: number; readonly end: number }, columns: number): FindingMarks[] {
    return this.#layers.flatMap(one => this.#marksOf(one, 'guest', range, columns));
  }

  /** The same of one layer along its file. */
  hostMarks(
    layer: number,
    range: { readonly start: number; readonly end: number },
    columns: number,
  ): FindingMarks[] {
    const one = this.#layers.find(({ index }) => index === layer);
    return one === undefined ? [] : this.#marksOf(one, 'host', range, columns);
  }

  #marksOf(
    { index: layer, findings }: FoundLayer,
    axis: 'guest' | 'host',
    range: { readonly start: number; readonly end: number },
    columns: number,
  ): FindingMarks[] {
    const marks = new Uint8Array(columns);
    findings.markPlaces(marks, range, axis);
    this.#checked.get(layer)?.places.markPlaces(marks, range, axis);
    for (const finding of this.#whole.filter(found => found.layer === layer))
      if (finding.severity !== 'note')
        markColumns(marks, finding.severity, range, (start, end) => touchesRange(finding[axis], start, end));
    return marks.some(mark => mark !== 0) ? [{ layer, columns: marks }] : [];
  }

  #rank(): readonly Finding[] {
    const { changes } = this;
    if (changes !== this.#rankedAt) {
      const found = this.#layers.flatMap(({ findings }) => findings.list());
      this.#ranked = this.#joined(this.#made(), found);
      this.#rankedAt = changes;
    }
    return this.#ranked;
  }

  /** The findings with a place in the range of a filter, ranked. */
  #within({ start, end }: FindingFilter): readonly Finding[] {
    if (start === undefined && end === undefined) return this.#rank();
    const [from, to] = [start ?? 0, end ?? Number.MAX_SAFE_INTEGER];
    const made = this.#stillWhole().filter(({ guest }) => touchesRange(guest, from, to));
    for (const { byId, places } of this.#checked.values()) {
      const within = new Set(places.listWithin(from, to).map(({ id }) => id));
      for (const finding of byId.values())
        if (places.has(finding.id) ? within.has(finding.id) : touchesRange(finding.guest, from, to))
          made.push(finding);
    }
    const found = this.#layers.flatMap(({ findings }) => findings.listWithin(from, to));
    return this.#joined(made, found);
  }

  /** Findings that were complete when they came. */
  #made(): Finding[] {
    return [...this.#stillWhole(), ...[...this.#checked.values()].flatMap(({ byId }) => [...byId.values()])];
  }

  /** Those that came whole, but for what a check has found the cause of. */
  #stillWhole(): Finding[] {
    return this.#whole.filter(({ layer, id }) => this.#checked.get(layer)?.byId.has(id) !== true);
  }

  /** All of them, ranked, consequences behind their cause: what a check found stands for what a map found of the same cause. */
  #joined(made: readonly Finding[], found: readonly Finding[]): Finding[] {
    const others = found.filter(({ layer, id }) => this.#checked.get(layer)?.byId.has(id) !== true);
    return rankFindings([...made, ...others]);
  }
}

function passes(finding: Finding, { severities, codes, layers }: FindingFilter): boolean {
  return (
    (severities?.includes(finding.severity) ?? true) &&
    (codes?.includes(finding.code) ?? true) &&
    (layers?.includes(finding.layer) ?? true)
  );
}

/** Places go by offset, and at one offset from the top layer down. */
function isBefore(a: FindingPlace, b: FindingPlace): boolean {
  return a.offset < b.offset || (a.offset === b.offset && a.layer > b.layer);
}
