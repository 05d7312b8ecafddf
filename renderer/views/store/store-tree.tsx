import { type KeyboardEvent, useEffect, useState } from 'react';
import type { StoreLink } from '../../../shared/model/store/store.ts';
import type { StoreImageInfo, StoreRowInfo, StoreSummary } from '../../../shared/model/store/store-page.ts';
import { formatSize } from '../../../shared/text/offset.ts';
import { openTarget } from '../../state/chain/opening.ts';
import { useVirtualRows } from '../../ui/hooks/use-virtual-rows.ts';
import { Untrusted } from '../../ui/text.tsx';
import { useStoreRows } from './use-store-rows.ts';

const ROW_PX = 28;
/** Rows in sight before the list has been measured. */
const FIRST_ROWS = 40;
const PAGE_ROWS = 10;

const ELSEWHERE: Readonly<Record<StoreLink['status'], string>> = {
  missing: 'missing',
  outside: 'outside these folders, not opened',
  notAFile: 'no file',
  refused: 'not followed',
  inStore: '',
};

/** The trees of images. An image that is chosen opens with its chain. */
export function StoreTree({ folders }: { readonly folders: StoreSummary }) {
  const [active, setActive] = useState(0);
  const [maxRowsInSight, setRowsInSight] = useState(FIRST_ROWS);
  const { ref, onScroll, first, last, paddingTop, paddingBottom } = useVirtualRows(folders.rows, active, {
    rowPx: ROW_PX,
    maxRowsInSight,
  });
  useEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const measure = () => setRowsInSight(Math.max(1, Math.floor(element.clientHeight / ROW_PX)));
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [ref]);
  const rows = useStoreRows(folders.storeId, first, last);
  const open = (row: number) => {
    const image = rows.get(row)?.image;
    if (image !== undefined) void openTarget({ kind: 'files', files: [image.path] });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    if (event.key === 'Enter') open(active);
    else if (step === undefined) return;
    else setActive(Math.min(Math.max(0, active + step), folders.rows - 1));
    event.preventDefault();
  };
  const shown = Array.from({ length: Math.max(0, last - first) }, (_, at) => first + at);
  return (
    <div
      className="store-tree"
      role="listbox"
      aria-label="Images"
      tabIndex={0}
      aria-activedescendant={`store-row-${active}`}
      ref={ref}
      onScroll={onScroll}
      onKeyDown={onKeyDown}
    >
      <div style={{ paddingTop, paddingBottom }} role="presentation">
        {shown.map(row => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the list takes the keys for all its rows
          <div
            key={row}
            id={`store-row-${row}`}
            role="option"
            tabIndex={-1}
            aria-selected={row === active}
            className="store-row"
            style={{ height: ROW_PX }}
            onClick={() => {
              setActive(row);
              open(row);
            }}
          >
            <RowContent info={rows.get(row)} folders={folders} />
          </div>
        ))}
      </div>
    </div>
  );
}

/** Rows that a key moves the active one by. */
const STEPS: Readonly<Record<string, number>> = {
  ArrowDown: 1,
  ArrowUp: -1,
  PageDown: PAGE_ROWS,
  PageUp: -PAGE_ROWS,
  Home: Number.NEGATIVE_INFINITY,
  End: Number.POSITIVE_INFINITY,
};

function RowContent({
  info,
  folders,
}: {
  readonly info: StoreRowInfo | undefined;
  readonly folders: StoreSummary;
}) {
  if (info === undefined) return <span className="store-facts">…</span>;
  const { row, image, worst } = info;
  if (row.kind === 'loop') return <span className="store-elsewhere">These rest on each other in a loop</span>;
  if (row.kind === 'elsewhere')
    return (
      <span className="store-elsewhere">
        <Untrusted text={row.name} /> ({ELSEWHERE[row.status]})
      </span>
    );
  if (image === undefined) return null;
  return (
    <>
      <span className="store-lines" aria-hidden="true">
        {row.lines}
      </span>
      <span className="store-name">
        <Untrusted text={shortPath(folders, image.path)} />
      </span>
      <span className="store-facts">
        {row.isRepeated ? 'the loop begins again' : <Untrusted text={factsOf(image)} />}
      </span>
      {worst !== undefined && (
        <span className="store-worst" data-severity={worst}>
          {worst}
        </span>
      )}
    </>
  );
}

/** The path below the folder that was opened, where there is one. */
function shortPath({ roots }: StoreSummary, path: string): string {
  const [root = ''] = roots;
  return roots.length === 1 && path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path;
}

function factsOf({ format, size, snapshots, bitmaps, inUse, childCount, error }: StoreImageInfo): string {
  if (error !== undefined) return `cannot be read: ${error.what}`;
  const facts: string[] = [format];
  if (size >= 0) facts.push(formatSize(size));
  if (snapshots > 0) facts.push(`${snapshots} ${snapshots === 1 ? 'snapshot' : 'snapshots'}`);
  if (bitmaps > 0) facts.push(`${bitmaps} ${bitmaps === 1 ? 'bitmap' : 'bitmaps'}`);
  if (childCount > 1) facts.push(`${childCount} rest on it`);
  if (inUse) facts.push('in use');
  return facts.join(' · ');
}
