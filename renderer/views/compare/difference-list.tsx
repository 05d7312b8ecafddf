import { type KeyboardEvent, useRef } from 'react';
import { RELATION_LABELS } from '../../../shared/compare/relation-labels.ts';
import type { Difference } from '../../../shared/model/comparison.ts';
import { formatOffset, formatSize } from '../../../shared/text/offset.ts';
import { type ComparisonView, shownCount } from '../../state/compare/compare-state.ts';
import { chooseDifference } from '../../state/compare/comparison.ts';
import { useRowsInSight } from '../../ui/hooks/use-rows-in-sight.ts';
import { useVirtualRows } from '../../ui/hooks/use-virtual-rows.ts';
import { VirtualListbox } from '../../ui/list/virtual-listbox.tsx';
import { sideText } from './state-labels.ts';
import { useDifferenceRows } from './use-difference-rows.ts';

/** Height of every row in CSS pixels. */
const ROW_PX = 24;

/** The differences of the pressed kinds, by offset. Only the rows in sight are rendered and loaded. */
export function DifferenceList({ comparison }: { readonly comparison: ComparisonView }) {
  const total = shownCount(comparison);
  const area = useRef<HTMLDivElement>(null);
  const maxRowsInSight = useRowsInSight(area, ROW_PX);
  const visible = useVirtualRows(total, Math.max(comparison.row, 0), { rowPx: ROW_PX, maxRowsInSight });
  const { first, last } = visible;
  const rowAt = useDifferenceRows(comparison, total, first, last);
  const choose = (row: number) => {
    const difference = rowAt(row);
    if (difference !== undefined) chooseDifference(row, difference);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const screen = Math.floor(visible.height / ROW_PX);
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: screen, PageUp: -screen };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    choose(Math.min(Math.max(comparison.row + step, 0), total - 1));
  };
  return (
    <div className="difference-list" ref={area}>
      <VirtualListbox
        className="difference-scroll"
        label="Differences by offset"
        activeId={comparison.row < 0 ? undefined : `difference-${comparison.row}`}
        visible={visible}
        onKeyDown={onKeyDown}
      >
        {row => (
          <DifferenceRow
            key={row}
            row={row}
            total={total}
            difference={rowAt(row)}
            comparison={comparison}
            onSelect={() => choose(row)}
          />
        )}
      </VirtualListbox>
      {total === 0 && <p className="hint pad">No differences of these kinds.</p>}
    </div>
  );
}

interface DifferenceRowProps {
  readonly row: number;
  readonly total: number;
  /** Undefined while it is not loaded. */
  readonly difference: Difference | undefined;
  readonly comparison: ComparisonView;
  readonly onSelect: () => void;
}

function DifferenceRow({ row, total, difference, comparison, onSelect }: DifferenceRowProps) {
  const { a, b } = comparison.opened;
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: the list has the focus, and names its active row
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list takes the keys
    <div
      id={`difference-${row}`}
      className="difference-row"
      role="option"
      aria-selected={row === comparison.row}
      aria-posinset={row + 1}
      aria-setsize={total}
      style={{ height: ROW_PX }}
      onClick={onSelect}
    >
      <span className="mono">{difference === undefined ? '…' : formatOffset(difference.start)}</span>
      {difference !== undefined && (
        <>
          <span className="difference-size">{formatSize(difference.length)}</span>
          <span>{RELATION_LABELS[difference.kind].label}</span>
          <span>A: {sideText(difference.a, a)}</span>
          <span>B: {sideText(difference.b, b)}</span>
        </>
      )}
    </div>
  );
}
