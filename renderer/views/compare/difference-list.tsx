import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { RELATION_LABELS } from '../../../shared/compare/relation-labels.ts';
import type { Difference } from '../../../shared/model/comparison.ts';
import { formatOffset, formatSize } from '../../../shared/text/offset.ts';
import { type ComparisonView, shownCount } from '../../state/compare/compare-state.ts';
import { chooseDifference } from '../../state/compare/comparison.ts';
import { useVirtualRows } from '../../ui/hooks/use-virtual-rows.ts';
import { sideText } from './state-labels.ts';
import { useDifferenceRows } from './use-difference-rows.ts';

/** Height of every row in CSS pixels. */
const ROW_PX = 24;

/** The differences of the pressed kinds, by offset. Only the rows in sight are rendered and loaded. */
export function DifferenceList({ comparison }: { readonly comparison: ComparisonView }) {
  const total = shownCount(comparison);
  const area = useRef<HTMLDivElement>(null);
  const [maxRowsInSight, setMaxRows] = useState(1);
  const visible = useVirtualRows(total, Math.max(comparison.row, 0), { rowPx: ROW_PX, maxRowsInSight });
  const { first, last } = visible;
  const rowAt = useDifferenceRows(comparison, total, first, last);
  useEffect(() => {
    const element = area.current;
    if (element === null) return;
    const observer = new ResizeObserver(() =>
      setMaxRows(Math.max(1, Math.floor(element.clientHeight / ROW_PX))),
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
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
      <div
        className="difference-scroll"
        role="listbox"
        tabIndex={0}
        aria-label="Differences by offset"
        aria-activedescendant={comparison.row < 0 ? undefined : `difference-${comparison.row}`}
        ref={visible.ref}
        onScroll={visible.onScroll}
        onKeyDown={onKeyDown}
      >
        {/* The padding stands for the rows that are not rendered. */}
        <div
          role="presentation"
          style={{ paddingTop: visible.paddingTop, paddingBottom: visible.paddingBottom }}
        >
          {Array.from({ length: Math.max(0, last - first) }, (_, i) => first + i).map(row => (
            <DifferenceRow
              key={row}
              row={row}
              total={total}
              difference={rowAt(row)}
              comparison={comparison}
              onSelect={() => choose(row)}
            />
          ))}
        </div>
      </div>
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
