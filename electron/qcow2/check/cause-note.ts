/** The note about one likely cause of damage, and what such causes are recognized from. */
import { type Finding, LIKELY_CAUSE, makeFinding } from '../../../shared/model/finding.ts';
import type { L2Tables } from '../layout/l2-tables.ts';
import type { Qcow2Image } from '../read/image.ts';

/** What likely causes are derived from. */
export interface CauseInput {
  readonly image: Qcow2Image;
  readonly layer: number;
  /** What was found, with its own causes. */
  readonly findings: readonly Finding[];
  /** Clusters that are counted and that nothing refers to. */
  readonly leaked: number;
  /** Absent where the tables could not be listed. */
  readonly tables: L2Tables | undefined;
  /** Another program has the image open for writing: what it has not written yet is no damage. */
  readonly isOpenForWriting: boolean;
}

/** How likely a cause is. */
export type Likelihood = 'likely' | 'possible';

/** The note about a cause, under the finding that it explains. */
export function causeNote(layer: number, explained: Finding, likelihood: Likelihood, what: string): Finding {
  return makeFinding({
    id: `cause of ${explained.id}`,
    code: LIKELY_CAUSE,
    severity: 'note',
    layer,
    what: `${likelihood} cause: ${what}`,
    causedBy: explained.id,
  });
}

/** The finding of that code that follows from nothing. */
export function rootFinding({ findings }: CauseInput, code: string): Finding | undefined {
  return findings.find(found => found.code === code && found.causedBy === undefined);
}
