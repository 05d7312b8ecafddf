/** Which findings follow from others. */
import type { CheckCounts } from '../../../shared/model/check.ts';
import type { Finding } from '../../../shared/model/finding.ts';

/**
 * The findings with causes that are findings of the same image: `others` are those that its header shows. A cause that
 * is a consequence itself stands for what it follows from; one that was not found explains nothing.
 */
export function resolveCauses(
  findings: readonly Finding[],
  others: readonly Finding[],
  counts?: CheckCounts,
): Finding[] {
  const ids = new Set([...findings, ...others].map(({ id }) => id));
  const rootOf = (id: string): string | undefined =>
    ids.has(id) ? id : [...ids].find(other => other.startsWith(`${id} by `));
  void counts;
  return findings.map(finding => {
    if (finding.causedBy === undefined) return finding;
    const { causedBy, ...rest } = finding;
    const root = rootOf(causedBy);
    return root === undefined || root === finding.id ? rest : { ...rest, causedBy: root };
  });
}
