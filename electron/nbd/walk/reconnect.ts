/**
 * A walk that survives a lost connection: it reconnects and goes on where the last delivered batch ended.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { errorRecord } from '../../../shared/error.ts';
import type { NbdConnection } from '../client/connection.ts';
import { cancelled, fatalError, NbdError } from '../errors.ts';
import { createWalkLimits, type OnBatch, type WalkRange, walkBlockStatus } from './block-status.ts';

/** How to go on. */
export interface ReconnectOptions {
  /** Opens the same export again, with the same contexts. */
  readonly reopen: () => Promise<NbdConnection>;
  /** Failures in a row without a new batch before giving up. Default 3. */
  readonly attempts?: number;
  /** Failures in all before giving up. Default 20. */
  readonly totalAttempts?: number;
  /** Milliseconds before the first new try; doubles with each failure in a row. Default 250. */
  readonly delay?: number;
  /** Told about every failure that is followed by another try. */
  readonly onRetry?: (error: NbdError) => void;
  readonly signal?: AbortSignal;
}

/**
 * Walks as {@link walkBlockStatus} does and resolves with the connection then open: `connection` or a later one. When
 * it rejects, connections that it opened itself are closed. Rejects with NBD_EXPORT_CHANGED when the export comes back
 * with another size or other contexts, else with the failure that was one too many, which then says how many there were.
 */
export async function walkReconnecting(
  connection: NbdConnection,
  range: WalkRange,
  onBatch: OnBatch,
  options: ReconnectOptions,
): Promise<NbdConnection> {
  const { attempts = 3, totalAttempts = 20, delay = 250, signal } = options;
  const limits = range.limits ?? createWalkLimits(connection, range.granularity);
  let current = connection;
  let position = range.start ?? 0;
  let inRow = 0;
  let total = 0;
  const counting: OnBatch = async batch => {
    await onBatch(batch);
    position = batch.offset + batch.covered;
    inRow = 0;
  };

  for (;;) {
    try {
      if (current.error !== undefined) {
        current = await options.reopen();
        checkSame(connection, current);
      }
      await walkBlockStatus(current, { ...range, start: position, limits }, counting, signal);
      return current;
    } catch (error) {
      const again = error instanceof NbdError && error.retryable && !signal?.aborted;
      if (!again || ++inRow >= attempts || ++total >= totalAttempts) {
        if (current !== connection) await current.close();
        throw again ? withTries(error, inRow >= attempts ? inRow : total) : error;
      }
      options.onRetry?.(error);
      await pause(delay * 2 ** (inRow - 1), current.subject, signal);
    }
  }
}

/** A failure that other tries ended with, too. */
function withTries(error: NbdError, tries: number): NbdError {
  if (tries < 2) return error;
  const record = errorRecord(error);
  return new NbdError({ ...record, what: `${record.what} (tried ${tries} times)` }, error, { cause: error });
}

async function pause(milliseconds: number, subject: string, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(milliseconds, undefined, { signal });
  } catch {
    throw cancelled(subject);
  }
}

function checkSame(before: NbdConnection, now: NbdConnection): void {
  const names = (connection: NbdConnection) => connection.contexts.map(context => context.name).join('\0');
  if (before.size === now.size && names(before) === names(now)) return;
  const what = 'the export came back with another size or other contexts';
  throw fatalError('NBD_EXPORT_CHANGED', what, before.subject, 'open it again');
}
