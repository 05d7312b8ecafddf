/** Work over many pages that lets other questions in between. */
import { CowscopeError } from '../../../shared/error.ts';
import { nextTurn } from '../../../shared/scheduler.ts';
import type { ChainTables } from '../tables/chain-tables.ts';

/** Longest stretch of work between two turns, in milliseconds. */
const SLICE_MS = 8;

/** True once a newer question of the same name was asked. */
export type Superseded = () => boolean;

/** How {@link forPages} goes. */
export interface PageLoopOptions {
  /** From the last page to the first. */
  readonly backwards?: boolean;
  readonly superseded?: Superseded | undefined;
}

/**
 * Runs `step` for each page of [start, end), with a turn for other questions every few milliseconds, until it returns
 * false. Rejects with CANCELLED once `superseded`.
 */
export async function forPages(
  tables: ChainTables,
  start: number,
  end: number,
  step: (page: number) => boolean | undefined,
  { backwards = false, superseded }: PageLoopOptions = {},
): Promise<void> {
  const first = Math.floor(start / tables.pageSpan);
  const count = Math.ceil(end / tables.pageSpan) - first;
  let sliceEnd = performance.now() + SLICE_MS;
  for (let i = 0; i < count; i++) {
    if (superseded?.() === true) throw SUPERSEDED;
    if (step(backwards ? first + count - 1 - i : first + i) === false) return;
    if (performance.now() > sliceEnd) {
      await nextTurn();
      sliceEnd = performance.now() + SLICE_MS;
    }
  }
}

/** Why a question whose answer is no longer wanted has none. */
export const SUPERSEDED = new CowscopeError({
  code: 'CANCELLED',
  what: 'a newer question took the place of this one',
  subject: '',
  advice: '',
});
