/** One likely cause of damage: what it is recognized from, and the note that says it. */
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

/** How sure a cause is. */
export type Sureness = 'likely' | 'possible';

/** The note about a cause, under the finding that it explains. */
export function causeOf(layer: number, explained: Finding, sureness: Sureness, what: string): Finding {
  return makeFinding({
    id: `cause of ${explained.id}`,
    code: LIKELY_CAUSE,
    severity: 'note',
    layer,
    what: `${sureness} cause: ${what}`,
    causedBy: explained.id,
  });
}

/** The finding of that code that follows from nothing. */
export function rootOf({ findings }: CauseInput, code: string): Finding | undefined {
  return findings.find(found => found.code === code && found.causedBy === undefined);
}
