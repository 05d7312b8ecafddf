import { useEffect, useState } from 'react';
import type { Finding, FindingFilter, FindingSummary } from '../../../shared/model/finding.ts';
import { askChain } from '../../state/chain/ask-chain.ts';
import { useStore } from '../../state/store.ts';

/** Findings of one request. */
const PAGE_ROWS = 50;

/** The rows that are loaded. */
export interface FindingRows {
  readonly filter: FindingFilter;
  readonly summary: FindingSummary;
  /** Rows in all. */
  readonly total: number;
  /** By number of the page. */
  readonly pages: ReadonlyMap<number, readonly Finding[]>;
}

/** The finding of a row, undefined while it is not loaded. */
export function findingAt(rows: FindingRows | undefined, row: number): Finding | undefined {
  return rows?.pages.get(Math.floor(row / PAGE_ROWS))?.[row % PAGE_ROWS];
}

/** The row of a finding among those that are loaded, -1 where it is not. */
export function rowOfFinding({ pages }: FindingRows, { layer, id }: Finding): number {
  for (const [page, findings] of pages) {
    const at = findings.findIndex(other => other.layer === layer && other.id === id);
    if (at >= 0) return page * PAGE_ROWS + at;
  }
  return -1;
}

/**
 * The findings that the filter lets through, loaded page by page as rows [first, last) come into sight; undefined until
 * something has arrived. What was loaded before stays until the first page of a new filter, or of more findings, is there.
 */
export function useFindingRows(filter: FindingFilter, first: number, last: number): FindingRows | undefined {
  const summary = useStore(state => state.findings);
  const [rows, setRows] = useState<FindingRows>();
  const isCurrent = rows?.filter === filter && rows.summary === summary;
  const from = Math.floor(first / PAGE_ROWS);
  const to = Math.max(from + 1, Math.ceil(last / PAGE_ROWS));
  let missing = -1;
  for (let page = from; page < to && missing < 0; page++)
    if (!isCurrent || !rows.pages.has(page)) missing = page;
  useEffect(() => {
    if (missing < 0) return;
    let isNewest = true;
    void askChain('findings', { ...filter, skip: missing * PAGE_ROWS, most: PAGE_ROWS }).then(reply => {
      if (!isNewest || !reply?.ok) return;
      const { findings, total } = reply.value;
      setRows(before => {
        const known = before?.filter === filter && before.summary === summary ? before.pages : [];
        return { filter, summary, total, pages: new Map([...known, [missing, findings]]) };
      });
    });
    return () => {
      isNewest = false;
    };
  }, [filter, summary, missing]);
  return rows;
}
