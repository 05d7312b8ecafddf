/** The results of checks of images. */
import type { FINDING_SEVERITIES, Finding } from './finding.ts';

/**
 * Verdicts, worst first.
 *
 * `corrupt`: something is lost or contradictory: a finding is a corruption, or qemu-img check counts one.
 * `incomplete`: nothing of that was found, and not everything could be looked at, or leaked clusters may hold what was lost.
 * `leaks`: space is wasted and nothing else is wrong.
 * `clean`: the checks that were done found nothing of these. Hazards and notes do not count.
 */
export const CHECK_VERDICTS = ['corrupt', 'incomplete', 'leaks', 'clean'] as const;

/** One of {@link CHECK_VERDICTS}. */
export type CheckVerdict = (typeof CHECK_VERDICTS)[number];

/** One of the checks: whether it was done, and if not why. */
export interface CheckStep {
  readonly name: string;
  readonly done: boolean;
  /** Why it was not done, or what part was not; empty where it was done whole. Untrusted text. */
  readonly why: string;
  /** True if it was not done although the check was to do it: a verdict is then incomplete. */
  readonly missing: boolean;
  /** True where a check of all data does it: a window has a button for that, and `why` names the command. */
  readonly byDeepCheck?: true;
}

/** The numbers of `qemu-img check`, counted as it counts them. */
export interface CheckCounts {
  /** Contradictions that it counts as corruptions, each place once. */
  readonly corruptions: number;
  /** Clusters whose refcount is above their references. */
  readonly leaks: number;
  /** Clusters whose refcount could not be read. */
  readonly checkErrors: number;
  /** Where the last cluster that is counted or referred to ends, in bytes. */
  readonly imageEnd: number;
  /**
   * Clusters of the guest's disk, and how many of them have host space, are not stored right behind the one before, and
   * are compressed.
   */
  readonly totalClusters: number;
  readonly allocatedClusters: number;
  readonly fragmentedClusters: number;
  readonly compressedClusters: number;
}

/** The check of one layer. Its findings are those of the chain that name this layer. */
export interface LayerCheck {
  readonly layer: number;
  readonly verdict: CheckVerdict;
  readonly steps: readonly CheckStep[];
  /** Absent where there are no refcounts to count, or where they could not be counted. */
  readonly counts?: CheckCounts;
  /** What `qemu-img check` says where it counts nothing of the image. Untrusted text. */
  readonly qemuRefusal?: string;
}

/**
 * The answer to how a layer is: its check, or the end of the sentence "not checked: …" and whether something to check is
 * left out by that.
 */
export type CheckReply =
  | { readonly checked: true; readonly check: LayerCheck }
  | { readonly checked: false; readonly why: string; readonly missing: boolean };

/** What a check of a layer reads: bytes of its tables, some of which may be read twice. 0 where it is not checked. */
export interface CheckCost {
  readonly bytes: number;
}

/** The check of a chain. */
export interface ChainCheck {
  readonly verdict: CheckVerdict;
  /** Base first. */
  readonly layers: readonly LayerCheck[];
  /** What was checked of the chain as a whole. */
  readonly steps: readonly CheckStep[];
  /** Of all layers and of the chain, ranked. */
  readonly findings: readonly Finding[];
}

/** A check that was done whole. */
export function stepDone(name: string): CheckStep {
  return { name, done: true, why: '', missing: false };
}

/** A check that was to be done and was not, or not whole. */
export function stepMissing(name: string, why: string): CheckStep {
  return { name, done: false, why, missing: true };
}

/** A check that was not asked for, or that does not apply. */
export function stepLeftOut(name: string, why: string): CheckStep {
  return { name, done: false, why, missing: false };
}

/** The name of the check that compares what the tables say with what qemu-nbd says. */
export const WITNESSES = 'comparison with qemu-nbd';

/** A check that only a check of all data does, where that was not asked for. */
export function stepLeftToDeepCheck(name: string): CheckStep {
  return { ...stepLeftOut(name, 'a check of all data does this: cowscope check --deep'), byDeepCheck: true };
}

/** Steps that were not done for one reason. */
export interface StepsLeft {
  readonly names: readonly string[];
  readonly why: string;
  readonly byDeepCheck: boolean;
}

/** The steps that were not done, together where the reason is the same. */
export function leftByReason(steps: readonly CheckStep[]): readonly StepsLeft[] {
  const left = new Map<string, StepsLeft>();
  for (const { name, done, why, byDeepCheck = false } of steps)
    if (!done) left.set(why, { names: [...(left.get(why)?.names ?? []), name], why, byDeepCheck });
  return [...left.values()];
}

/** The check of a layer with one more step, such as one that was done later. */
export function withStep(check: LayerCheck, step: CheckStep | undefined): LayerCheck {
  if (step === undefined) return check;
  const verdict = step.missing ? worstVerdict([check.verdict, 'incomplete']) : check.verdict;
  return { ...check, verdict, steps: [...check.steps, step] };
}

/** The verdict of findings, numbers and checks. */
export function verdictOfCheck(
  findings: readonly Finding[],
  steps: readonly CheckStep[],
  counts?: Pick<CheckCounts, 'corruptions' | 'leaks' | 'checkErrors'>,
): CheckVerdict {
  const has = (severity: (typeof FINDING_SEVERITIES)[number]) =>
    findings.some(finding => finding.severity === severity);
  if (has('corruption') || (counts?.corruptions ?? 0) > 0) return 'corrupt';
  if (steps.some(({ missing }) => missing) || (counts?.checkErrors ?? 0) > 0) return 'incomplete';
  return has('leak') || (counts?.leaks ?? 0) > 0 ? 'leaks' : 'clean';
}

/** The worst of verdicts; clean where there are none. */
export function worstVerdict(verdicts: readonly CheckVerdict[]): CheckVerdict {
  return CHECK_VERDICTS.find(verdict => verdicts.includes(verdict)) ?? 'clean';
}
