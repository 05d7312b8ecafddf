import { incompleteComparisonText } from '../../../shared/compare/relation-labels.ts';
import { sameText } from '../../../shared/compare/same-text.ts';
import { describeError } from '../../../shared/error.ts';
import {
  type ComparedDiskInfo,
  type ComparisonSums,
  DIFFERENCE_KINDS,
  verdictOfComparison,
} from '../../../shared/model/comparison.ts';
import { formatOffset, formatSize } from '../../../shared/text/offset.ts';
import type { ComparisonView } from '../../state/compare/compare-state.ts';
import {
  cancelComparison,
  closeComparison,
  compareAgain,
  compareAllowing,
  compareContent,
} from '../../state/compare/comparison.ts';
import { Untrusted } from '../../ui/text.tsx';

/** What the comparison came to, and what can be done next. */
export function CompareHead({ comparison }: { readonly comparison: ComparisonView }) {
  const { state } = comparison;
  const phase = state?.phase;
  const isRunning = phase === 'tables' || phase === 'content';
  const isWhole = state !== undefined && comparedBytes(state.sums) === comparison.opened.size;
  const hasStopped = state !== undefined && !isRunning;
  const canRead = hasStopped && isWhole && state.left > 0 && phase !== 'failed';
  const isInDoubt = hasStopped && (!isWhole || phase === 'failed' || state.errors.length > 0);
  return (
    <header className="compare-head">
      <p className="compare-outcome" role="status">
        {outcomeText(comparison)}
      </p>
      {isRunning && state !== undefined && (
        <>
          <progress aria-label="Compared" max={comparison.opened.size} value={state.at} />
          <button type="button" onClick={() => void cancelComparison()}>
            Cancel
          </button>
        </>
      )}
      {canRead && (
        <button
          type="button"
          className="primary"
          title="Reads the ranges that hold data on both sides or one, and nothing else. It can be cancelled."
          onClick={() => void compareContent()}
        >
          Compare content: reads {formatSize(state.left)}
        </button>
      )}
      {isInDoubt && (
        <button type="button" onClick={() => void compareAgain()}>
          Compare again
        </button>
      )}
      <button type="button" className="quiet" onClick={closeComparison}>
        Compare with something else
      </button>
      {comparison.opened.a.incomplete && <Incomplete disk={comparison.opened.a} />}
      {comparison.opened.b.incomplete && (
        <Incomplete disk={comparison.opened.b} isOther={comparison.other.kind === 'target'} />
      )}
      {(state?.errors.length ?? 0) > 0 && (
        <ul className="compare-errors">
          {state?.errors.map(error => (
            <li key={describeError(error)}>
              <Untrusted text={describeError(error)} max={500} />
            </li>
          ))}
        </ul>
      )}
      {state !== undefined && state.listedTo >= 0 && (
        <p className="hint">
          There are too many ranges to list: the list and the picture end at {formatOffset(state.listedTo)}.
        </p>
      )}
    </header>
  );
}

/** Bytes of the disks of which at least the tables were compared. */
function comparedBytes({ same, kinds }: ComparisonSums): number {
  return DIFFERENCE_KINDS.reduce((sum, kind) => sum + kinds[kind].bytes, same);
}

interface IncompleteProps {
  readonly disk: ComparedDiskInfo;
  /** It was opened to be compared with, so that consent can be given here. */
  readonly isOther?: boolean;
}

/** A disk of which a file is not open, and the way to open it where only consent is missing. */
function Incomplete({ disk: { title, asksFor }, isOther = false }: IncompleteProps) {
  return (
    <p className="hint">
      A backing file of <Untrusted text={title} max={60} /> is not open: what is left to it cannot be read.{' '}
      {isOther && asksFor !== undefined && (
        <button type="button" onClick={() => void compareAllowing(asksFor)}>
          Allow <Untrusted text={asksFor} max={80} />
        </button>
      )}
    </p>
  );
}

/** One sentence: how far it is, or what it came to. */
function outcomeText({ opened, state }: ComparisonView): string {
  if (state === undefined) return 'Comparing…';
  const { phase, at, read, elapsedMs, sums } = state;
  const differs = sums.firstContent < 0 ? '' : ` They differ, first at ${formatOffset(sums.firstContent)}.`;
  const share = opened.size === 0 ? 100 : Math.floor((at / opened.size) * 100);
  if (phase === 'tables') return `Comparing what is stored: ${share} %`;
  if (phase === 'content') {
    const rate = elapsedMs > 0 ? `, ${formatSize(Math.round((read * 1000) / elapsedMs))}/s` : '';
    return `Comparing content: ${share} %, ${formatSize(read)} read${rate}.${differs}`;
  }
  if (phase === 'failed') return 'The comparison failed.';
  if (phase === 'cancelled')
    return `Cancelled at ${formatOffset(at)}: what lies behind it is known by the tables alone, or not at all.${differs}`;
  const verdict =
    state.errors.length > 0
      ? 'incomplete'
      : verdictOfComparison(sums, { strict: false, sizes: [opened.a.size, opened.b.size] });
  switch (verdict) {
    case 'incomplete':
      return `${incompleteComparisonText(sums.kinds.unreadable.bytes)}${differs}`;
    case 'different':
      return `The disks differ, first at ${formatOffset(sums.firstContent)}.`;
    case 'mayDiffer':
      return `The disks may differ: ${formatSize(sums.kinds.mayDiffer.bytes)} hold data that was not compared.`;
    case 'same':
      return sameText(sums);
  }
}
