/** What the window knows of the comparison that is open. */
import type { CompareRequest } from '../../../shared/ipc/contract.ts';
import {
  type ComparisonState,
  DIFFERENCE_KINDS,
  type Difference,
  type DifferenceKind,
  type OpenedComparison,
} from '../../../shared/model/comparison.ts';

/** The open comparison. */
export interface ComparisonView {
  readonly opened: OpenedComparison;
  /** The layer of the open chain that is compared; the top, where it is undefined. */
  readonly layer: number | undefined;
  /** What it is compared with. */
  readonly other: CompareRequest['other'];
  /** How far it is; undefined until the first report. */
  readonly state: ComparisonState | undefined;
  /** The kinds that the list has and that are gone to. */
  readonly kinds: readonly DifferenceKind[];
  /** The chosen difference and its number among those of these kinds; -1 where none is chosen. */
  readonly row: number;
  readonly chosen: Difference | undefined;
}

/** The state of the compare view. */
export interface CompareSlice {
  /** What is being opened to be compared. */
  readonly isOpening: boolean;
  readonly comparison: ComparisonView | undefined;
}

/** Nothing is compared. */
export const NO_COMPARISON: CompareSlice = { isOpening: false, comparison: undefined };

/** True while something is opened to be compared, or is being compared. */
export function isComparingNow({ isOpening, comparison }: CompareSlice): boolean {
  const phase = comparison?.state?.phase;
  return (
    isOpening ||
    (comparison !== undefined && phase === undefined) ||
    phase === 'tables' ||
    phase === 'content'
  );
}

/** How many differences of the kinds that are shown the list has so far. */
export function shownCount({ state, kinds }: ComparisonView): number {
  return kinds.reduce((sum, kind) => sum + (state?.listed[kind] ?? 0), 0);
}

/** The kinds with one put in or taken out, in their order. The last one stays. */
export function toggledKinds(
  kinds: readonly DifferenceKind[],
  kind: DifferenceKind,
): readonly DifferenceKind[] {
  const next = DIFFERENCE_KINDS.filter(other => kinds.includes(other) !== (other === kind));
  return next.length === 0 ? kinds : next;
}
