import type { FindingSeverity } from '../../../shared/model/finding.ts';

/** A letter for each severity: it can be recognized without color. */
const LETTERS: Readonly<Record<FindingSeverity, string>> = {
  corruption: '!',
  hazard: '?',
  leak: 'L',
  note: 'i',
};

/** A severity in one letter. What it stands for is written beside it. */
export function SeverityMark({ severity }: { readonly severity: FindingSeverity }) {
  return (
    <span className="severity-mark" data-severity={severity} aria-hidden="true">
      {LETTERS[severity]}
    </span>
  );
}
