import { useEffect, useState } from 'react';
import { MAX_STORE_ROWS, type StoreRowInfo } from '../../../shared/model/store/store-page.ts';
import { invoke } from '../../bridge/bridge.ts';
import { setState } from '../../state/store.ts';

/** Rows that are known, by their number. */
export type KnownRows = ReadonlyMap<number, StoreRowInfo>;

/** The rows of a scan: those of [first, last) are asked for, page by page, and kept. */
export function useStoreRows(storeId: number, first: number, last: number): KnownRows {
  const [known, setKnown] = useState<{ readonly storeId: number; readonly rows: KnownRows }>({
    storeId,
    rows: new Map(),
  });
  const rows = known.storeId === storeId ? known.rows : NONE;
  const page = missingPage(rows, first, last);
  useEffect(() => {
    if (page === undefined) return;
    let isCurrent = true;
    const start = page * MAX_STORE_ROWS;
    void invoke('store:rows', { storeId, first: start, count: MAX_STORE_ROWS }).then(reply => {
      if (!isCurrent) return;
      if (!reply.ok) setState({ error: reply.error });
      else
        setKnown(before => {
          const next = new Map(before.storeId === storeId ? before.rows : NONE);
          for (const [at, row] of reply.value.entries()) next.set(start + at, row);
          return { storeId, rows: next };
        });
    });
    return () => {
      isCurrent = false;
    };
  }, [storeId, page]);
  return rows;
}

const NONE: KnownRows = new Map();

/** The first page that a row of [first, last) is missing of. */
function missingPage(rows: KnownRows, first: number, last: number): number | undefined {
  for (let row = first; row < last; row++) if (!rows.has(row)) return Math.floor(row / MAX_STORE_ROWS);
  return undefined;
}
