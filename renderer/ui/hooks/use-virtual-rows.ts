import { type RefObject, type UIEvent, useEffect, useRef, useState } from 'react';

/** Rows rendered above and below those in sight. */
const MARGIN_ROWS = 8;

interface VirtualRowsOptions {
  /** Height of every row. */
  readonly rowPx: number;
  /** Rows in sight at most. */
  readonly maxRowsInSight: number;
}

/** The rows of a list to render, and the heights of the blank parts that stand for the others. */
export interface VirtualRows {
  /** The element that scrolls, and its scroll handler. */
  readonly ref: RefObject<HTMLDivElement | null>;
  readonly onScroll: (event: UIEvent) => void;
  /** CSS pixels of the rows in sight. */
  readonly height: number;
  /** Rows [first, last) are rendered. */
  readonly first: number;
  readonly last: number;
  readonly paddingTop: number;
  readonly paddingBottom: number;
}

/** Renders of `count` rows only those in sight, and scrolls no further than needed to have the row `active` in sight. */
export function useVirtualRows(
  count: number,
  active: number,
  { rowPx, maxRowsInSight }: VirtualRowsOptions,
): VirtualRows {
  const ref = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const height = Math.min(Math.max(count, 1), maxRowsInSight) * rowPx;
  useEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const start = active * rowPx;
    if (start < element.scrollTop) element.scrollTop = start;
    else if (start + rowPx > element.scrollTop + height) element.scrollTop = start + rowPx - height;
  }, [active, height, rowPx]);
  const first = Math.max(0, Math.floor(top / rowPx) - MARGIN_ROWS);
  const last = Math.min(count, Math.ceil((top + height) / rowPx) + MARGIN_ROWS);
  return {
    ref,
    onScroll: event => setTop(event.currentTarget.scrollTop),
    height,
    first,
    last,
    paddingTop: first * rowPx,
    paddingBottom: (count - last) * rowPx,
  };
}
