/** How many exports work at the same time. */
import { availableParallelism } from 'node:os';
import { CowscopeError } from '../../shared/error.ts';

/** A queue in which at most so many tasks run at once, in the order in which they came. */
export interface ExportPool {
  /**
   * What `task` gives. It starts when its turn comes; a task whose signal aborts before that never starts and is
   * rejected with CANCELLED.
   */
  run<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}

/**
 * How many servers are to work at once. A walk over tables keeps a core busy, and a server rests while its reply is taken:
 * one more than there are cores, so that the last layer of three is not walked alone on two. Where a window is drawn
 * meanwhile, one core is left to it.
 */
export function serversAtOnce(interactive: boolean): number {
  const cores = availableParallelism();
  return interactive ? Math.max(1, cores - 1) : cores + 1;
}

/** A pool for `limit` busy servers, at least one. */
export function createExportPool(limit: number): ExportPool {
  let free = Math.max(1, limit);
  const waiting: (() => void)[] = [];

  const turn = (signal: AbortSignal | undefined) =>
    new Promise<void>((resolve, reject) => {
      const begin = () => {
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        waiting.splice(waiting.indexOf(begin), 1);
        reject(cancelled());
      };
      waiting.push(begin);
      signal?.addEventListener('abort', leave, { once: true });
    });

  return {
    async run(task, signal) {
      if (signal?.aborted) throw cancelled();
      if (free > 0) free--;
      else await turn(signal); // the place is handed over, so `free` stays as it is
      try {
        return await task();
      } finally {
        const next = waiting.shift();
        if (next === undefined) free++;
        else next();
      }
    },
  };
}

function cancelled(): CowscopeError {
  return new CowscopeError({
    code: 'CANCELLED',
    what: 'reading the layer was cancelled',
    subject: '',
    advice: '',
  });
}
