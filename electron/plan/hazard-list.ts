/** What lists of hazards share. */
import type { Finding } from '../../shared/model/finding.ts';
import type { Plan } from '../../shared/model/plan/plan.ts';

/** Most names that a sentence lists. */
const MAX_NAMES = 8;

/** Names in words, the first few of many. */
export function listed(names: readonly string[]): string {
  if (names.length <= MAX_NAMES) return names.join(', ');
  return `${names.slice(0, MAX_NAMES).join(', ')} and ${names.length - MAX_NAMES} more`;
}

/** Of what is known about a chain, what matters to a job on layers up to `layer`: damage, hazards, and the plan's own notes. */
export function knownHazards(findings: readonly Finding[], layer: number): Finding[] {
  return findings.filter(
    finding =>
      finding.layer <= layer &&
      (finding.severity === 'corruption' || finding.severity === 'hazard' || finding.code.startsWith('PLAN')),
  );
}

/** A plan whose numbers are no promise where tables are damaged: qemu may read them otherwise, or end with an error. */
export function withoutPromises(plan: Plan): Plan {
  if (!plan.hazards.some(({ severity }) => severity === 'corruption')) return plan;
  const why = [
    ...plan.target.why,
    'tables are damaged: all numbers are of what can be read, and may be exceeded',
  ];
  return { ...plan, bytesCopiedExact: false, target: { ...plan.target, exact: false, why, possible: [] } };
}
