// biome-ignore-all lint/a11y/noNoninteractiveElementToInteractiveRole: a table that takes the keys of a grid
import { type KeyboardEvent, useEffect, useState } from 'react';
import type { OpenedChain } from '../../../../shared/model/chain.ts';
import type { TrackInfo } from '../../../../shared/model/track.ts';
import { escapeUntrusted } from '../../../../shared/text/untrusted-text.ts';
import { selectAt } from '../../../state/selection/selection.ts';
import { toggleTable } from '../../../state/selection/track-actions.ts';
import { useStore } from '../../../state/store.ts';
import { useVirtualRows } from '../../../ui/hooks/use-virtual-rows.ts';
import type { TrackRow } from './track-rows.ts';
import { TrackTableLine } from './track-table-line.tsx';
import { TrackTableRow } from './track-table-row.tsx';
import { rowKey, useRowDetails } from './use-row-details.ts';
import { useTrackRows } from './use-track-rows.ts';

/** Heights of a row, and of the header row with its line. */
const ROW_PX = 24;
const HEADER_PX = 25;
const MAX_ROWS_IN_SIGHT = 10;
/** Height that a scroll bar below the rows may take. */
const SCROLLBAR_PX = 16;
/** Widths in CSS pixels in which most cells of a column can be read. */
const COLUMN_PX = {
  Start: 104,
  End: 104,
  Length: 84,
  State: 116,
  Marks: 150,
  Finding: 170,
  Owner: 120,
  'In the file at': 108,
} as const;
type ColumnName = keyof typeof COLUMN_PX;

/** The columns of a track: a layer owns all that it holds, and where nothing was found there is nothing to tell. */
function columnsOf({ kind }: TrackInfo, hasFindings: boolean): readonly ColumnName[] {
  return [
    'Start',
    'End',
    'Length',
    'State',
    'Marks',
    ...(hasFindings ? (['Finding'] as const) : []),
    ...(kind === 'guest' ? (['Owner'] as const) : []),
    'In the file at',
  ];
}

const NO_ROWS: readonly TrackRow[] = [];

interface TrackTableProps {
  readonly track: TrackInfo;
  readonly chain: OpenedChain;
}

/** A track as a table: its extents in view as a grid, with a line that counts and copies them. Only the rows in sight are rendered. */
export function TrackTable({ track, chain }: TrackTableProps) {
  const listed = useTrackRows(track, chain);
  const hasFindings = useStore(({ findings }) => findings.total > findings.severities.note);
  const columns = columnsOf(track, hasFindings);
  const [active, setActive] = useState(0);
  const selected = useStore(state =>
    state.selection?.track === track.id ? state.selection.offset : undefined,
  );
  const rows = listed?.rows ?? NO_ROWS;
  const count = rows.length;
  const at = Math.min(active, Math.max(count - 1, 0));
  const visible = useVirtualRows(count, at, { rowPx: ROW_PX, maxRowsInSight: MAX_ROWS_IN_SIGHT });
  const rendered = rows.slice(visible.first, visible.last);
  const details = useRowDetails(rendered);

  useEffect(() => {
    if (selected === undefined) return;
    const row = rows.findIndex(({ start, length }) => selected >= start && selected < start + length);
    if (row >= 0) setActive(row);
  }, [selected, rows]);

  const onKeyDown = (event: KeyboardEvent) => {
    const screen = Math.floor(visible.height / ROW_PX);
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: screen, PageUp: -screen, Home: -count, End: count }[
      event.key
    ];
    if (step !== undefined) {
      event.preventDefault();
      event.stopPropagation();
      setActive(Math.min(Math.max(at + step, 0), Math.max(count - 1, 0)));
    } else if (event.key === 'Enter') {
      const row = rows[at];
      if (row !== undefined) void selectAt({ track: track.id, offset: row.start });
    } else if (event.key === 'Escape') {
      event.stopPropagation();
      toggleTable(track.id);
    }
  };

  const id = `table-${track.id}`;
  return (
    <div className="track-table">
      <div
        className="track-table-scroll"
        ref={visible.ref}
        style={{ maxHeight: visible.height + HEADER_PX + SCROLLBAR_PX }}
        onScroll={visible.onScroll}
      >
        {/* The padding stands for the rows that are not rendered. */}
        <div style={{ paddingTop: visible.paddingTop, paddingBottom: visible.paddingBottom }}>
          <table
            role="grid"
            style={{ minWidth: columns.reduce((sum, name) => sum + COLUMN_PX[name], 0) }}
            data-twin
            tabIndex={0}
            aria-label={`${escapeUntrusted(track.title)}, extents in view`}
            aria-rowcount={count + 1}
            aria-activedescendant={count > 0 ? `${id}-${at}` : undefined}
            onKeyDown={onKeyDown}
          >
            <thead>
              <tr aria-rowindex={1}>
                {columns.map(name => (
                  <th scope="col" key={name} style={{ width: COLUMN_PX[name] }}>
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rendered.map((row, i) => (
                <TrackTableRow
                  key={row.start}
                  id={`${id}-${visible.first + i}`}
                  row={row}
                  index={visible.first + i}
                  active={visible.first + i === at}
                  details={details.get(rowKey(row))}
                  hasOwner={track.kind === 'guest'}
                  hasFinding={hasFindings}
                  onSelect={() => void selectAt({ track: track.id, offset: row.start })}
                />
              ))}
            </tbody>
          </table>
        </div>
      </div>
      <TrackTableLine listed={listed} />
    </div>
  );
}
