/** Helpers for lists of hazards. */
import { CHAIN_IN_USE, type Finding, makeFinding } from '../../shared/model/finding.ts';
import type { LayerInfo } from '../../shared/model/layer.ts';
import type { Plan, PlanJob } from '../../shared/model/plan/plan.ts';
import { quotedName } from './layer-names.ts';

/** Most names that a sentence lists. */
const MAX_NAMES = 8;

/** Names in words, the first few of many. */
export function listNames(names: readonly string[]): string {
  if (names.length <= MAX_NAMES) return names.join(', ');
  return `${names.slice(0, MAX_NAMES).join(', ')} and ${names.length - MAX_NAMES} more`;
}

/**
 * The known findings that matter to a job on layers up to `layer`: damage, hazards, and the plan's own notes. A
 * program that writes to any layer matters to all below: it holds them as they are.
 */
export function knownHazards(findings: readonly Finding[], layer: number): Finding[] {
  return findings.filter(
    finding =>
      (finding.layer <= layer || finding.code === CHAIN_IN_USE) &&
      (finding.severity === 'corruption' || finding.severity === 'hazard' || finding.code.startsWith('PLAN')),
  );
}

/**
 * That qemu-img gets no lock, where another program has a layer open for writing: qemu then holds locks on all layers below,
 * which nothing else may write to. Undefined for a job of the qemu that has them open.
 */
export function lockHazard(
  findings: readonly Finding[],
  layers: readonly { readonly info: LayerInfo }[],
  job: PlanJob,
): Finding | undefined {
  const used = findings.filter(({ code }) => code === CHAIN_IN_USE);
  const [first] = used;
  if (job !== 'qemu-img' || first === undefined) return undefined;
  const names = listNames(used.map(({ layer }) => quotedName(layers, layer)));
  const isOne = used.length === 1;
  return makeFinding({
    code: 'PLAN_IN_USE',
    severity: 'hazard',
    layer: first.layer,
    what: `${names} ${isOne ? 'is' : 'are'} open for writing in another program: qemu-img gets no lock on the chain and ends before it writes anything; where locks are not seen, as from another host with the same storage, both write and destroy the disk`,
    advice: 'shut the machine down first, or let the running qemu do the job',
    count: used.length,
  });
}

/** A plan whose numbers are no promise where tables are damaged: qemu may read them otherwise, or end with an error. */
export function withoutExactNumbers(plan: Plan): Plan {
  if (!plan.hazards.some(({ severity }) => severity === 'corruption')) return plan;
  const why = [
    ...plan.target.why,
    'tables are damaged: all numbers are of what can be read, and may be exceeded',
  ];
  return { ...plan, bytesCopiedExact: false, target: { ...plan.target, exact: false, why, possible: [] } };
}
