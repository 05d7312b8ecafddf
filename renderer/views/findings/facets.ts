/** What the list of findings can be filtered by, with the number of findings that each choice shows. */
import type { FindingCount, FindingFilter } from '../../../shared/model/finding.ts';

/** A filter by one property of findings. */
export type Facet = 'severities' | 'layers' | 'codes';

/** One choice of a facet. */
export interface FacetChoice<Value> {
  readonly value: Value;
  /** Findings that it shows, with what is chosen of the other facets. */
  readonly findings: number;
}

const VALUE_OF = {
  severities: (count: FindingCount) => count.severity,
  layers: (count: FindingCount) => count.layer,
  codes: (count: FindingCount) => count.code,
} as const;

const FACETS = Object.keys(VALUE_OF) as readonly Facet[];

/** The type of a facet's values. */
export type FacetValue<F extends Facet> = ReturnType<(typeof VALUE_OF)[F]>;

/** The choices of a facet, in the order of the counts; one that shows nothing is among them. */
export function choicesOf<F extends Facet>(
  facet: F,
  counts: readonly FindingCount[],
  filter: FindingFilter,
): readonly FacetChoice<FacetValue<F>>[] {
  const others = FACETS.filter(other => other !== facet);
  const sums = new Map<FacetValue<F>, number>();
  for (const count of counts) {
    const value = VALUE_OF[facet](count) as FacetValue<F>;
    const passes = others.every(other => isChosen(filter, other, VALUE_OF[other](count)));
    sums.set(value, (sums.get(value) ?? 0) + (passes ? count.findings : 0));
  }
  return [...sums].map(([value, findings]) => ({ value, findings }));
}

/** True if the filter lets this value through. */
export function isChosen(filter: FindingFilter, facet: Facet, value: string | number): boolean {
  const chosen: readonly (string | number)[] | undefined = filter[facet];
  return chosen === undefined || chosen.includes(value);
}

/** The filter with a value put in, or taken out where it was in. A facet of which nothing is chosen filters nothing. */
export function toggledFilter(filter: FindingFilter, facet: Facet, value: string | number): FindingFilter {
  const chosen: readonly (string | number)[] = filter[facet] ?? [];
  const next = chosen.includes(value) ? chosen.filter(other => other !== value) : [...chosen, value];
  const { [facet]: _, ...rest } = filter;
  return next.length === 0 ? rest : { ...rest, [facet]: next };
}
