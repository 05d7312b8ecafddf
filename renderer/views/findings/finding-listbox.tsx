import { type KeyboardEvent, useEffect, useRef } from 'react';
import type { OpenedChain } from '../../../shared/model/chain.ts';
import type { FindingSummary } from '../../../shared/model/finding.ts';
import { chooseFinding, showFinding } from '../../state/findings-view.ts';
import { getState, setState, useStore } from '../../state/store.ts';
import { useRowsInSight } from '../../ui/hooks/use-rows-in-sight.ts';
import { useVirtualRows } from '../../ui/hooks/use-virtual-rows.ts';
import { VirtualListbox } from '../../ui/list/virtual-listbox.tsx';
import { FindingRow, ROW_PX } from './finding-row.tsx';
import { type FindingRows, findingAt, rowOfFinding, useFindingRows } from './use-finding-rows.ts';

/** The findings that the filter lets through, worst first. Only the rows in sight are rendered and loaded. */
export function FindingListbox({ chain }: { readonly chain: OpenedChain }) {
  const { filter, row, total } = useStore(state => state.findingList);
  const area = useRef<HTMLDivElement>(null);
  const maxRowsInSight = useRowsInSight(area, ROW_PX);
  const visible = useVirtualRows(total, row, { rowPx: ROW_PX, maxRowsInSight });
  const { first, last } = visible;
  const rows = useFindingRows(filter, first, last);
  const chosen = findingAt(rows, row);

  const seen = useRef<FindingSummary>(undefined);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a row that was chosen is looked up too
  useEffect(() => {
    if (rows === undefined || rows.filter !== filter) return;
    takeRows(rows, seen.current !== rows.summary);
    seen.current = rows.summary;
  }, [rows, row, filter]);

  const onKeyDown = (event: KeyboardEvent) => {
    const screen = Math.floor(visible.height / ROW_PX);
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: screen, PageUp: -screen, Home: -total, End: total }[
      event.key
    ];
    if (step !== undefined) {
      event.preventDefault();
      event.stopPropagation();
      chooseFinding(row + step);
    } else if (event.key === 'Enter' && chosen !== undefined) void showFinding(chosen, chain);
  };

  return (
    <div className="finding-list" ref={area}>
      <VirtualListbox
        className="finding-scroll"
        label="Findings, worst first"
        activeId={total > 0 ? `finding-${row}` : undefined}
        visible={visible}
        onKeyDown={onKeyDown}
      >
        {at => (
          <FindingRow
            key={at}
            chain={chain}
            finding={findingAt(rows, at)}
            row={at}
            total={total}
            active={at === row}
            onSelect={() => chooseFinding(at)}
          />
        )}
      </VirtualListbox>
    </div>
  );
}

/** Has the store know the rows in all and the chosen finding. One that `isNews` has moved to another row stays chosen. */
function takeRows(rows: FindingRows, isNews: boolean): void {
  const { findingList } = getState();
  const { chosen } = findingList;
  const moved = isNews && chosen !== undefined ? rowOfFinding(rows, chosen) : -1;
  const row = Math.min(moved < 0 ? findingList.row : moved, Math.max(rows.total - 1, 0));
  const next = rows.total === 0 ? undefined : (findingAt(rows, row) ?? chosen);
  if (row !== findingList.row || rows.total !== findingList.total || next !== chosen)
    setState({ findingList: { ...findingList, row, total: rows.total, chosen: next } });
}
