import { RELATION_FLAGS } from '../../../shared/compare/relation-flags.ts';
import { RELATION_LABELS } from '../../../shared/compare/relation-labels.ts';
import { stateOf } from '../../../shared/extent/flags.ts';
import { DIFFERENCE_KINDS, type DifferenceKind } from '../../../shared/model/comparison.ts';
import { formatCount, formatSize } from '../../../shared/text/offset.ts';
import type { ComparisonView } from '../../state/compare/compare-state.ts';
import { differenceCountText, stepDifference, toggleKind } from '../../state/compare/comparison.ts';
import { DifferenceSwatch } from './difference-swatch.tsx';

/** The sums by kind; a press takes a kind out of the list, or puts it back. Beside them, the way to the next difference. */
export function KindFilter({ comparison }: { readonly comparison: ComparisonView }) {
  const { state, kinds } = comparison;
  return (
    <section className="compare-kinds" aria-label="Differences by kind: pressed ones are listed">
      {DIFFERENCE_KINDS.map(kind => (
        <KindButton key={kind} kind={kind} comparison={comparison} pressed={kinds.includes(kind)} />
      ))}
      <span className="compare-same">
        <DifferenceSwatch state={stateOf(RELATION_FLAGS.same)} /> same {formatSize(state?.sums.same ?? 0)}
      </span>
      <span className="spacer" />
      <span className="compare-place">{differenceCountText(comparison)}</span>
      <button type="button" title="Previous difference (Shift+N)" onClick={() => void stepDifference(true)}>
        Previous
      </button>
      <button type="button" title="Next difference (N)" onClick={() => void stepDifference(false)}>
        Next
      </button>
    </section>
  );
}

interface KindButtonProps {
  readonly kind: DifferenceKind;
  readonly comparison: ComparisonView;
  readonly pressed: boolean;
}

function KindButton({ kind, comparison, pressed }: KindButtonProps) {
  const { bytes, ranges } = comparison.state?.sums.kinds[kind] ?? { bytes: 0, ranges: 0 };
  const { label, meaning } = RELATION_LABELS[kind];
  return (
    <button
      type="button"
      aria-pressed={pressed}
      title={meaning}
      data-kind={kind}
      disabled={ranges === 0}
      onClick={() => toggleKind(kind)}
    >
      <DifferenceSwatch state={stateOf(RELATION_FLAGS[kind])} />
      {label}
      <b>{ranges === 0 ? 'none' : `${formatSize(bytes)} in ${formatCount(ranges)}`}</b>
    </button>
  );
}
