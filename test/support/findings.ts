/** What tests ask of findings. */
import type { FindingsRequest } from '../../shared/ipc/questions.ts';
import type { Finding } from '../../shared/model/finding.ts';

/** Asks for everything, once all that can be compared was compared. */
export const ALL_FINDINGS: FindingsRequest = { skip: 0, most: 100, complete: true };

/** The codes of findings in their order. */
export function codesOf(findings: readonly Finding[]): string[] {
  return findings.map(({ code }) => code);
}
