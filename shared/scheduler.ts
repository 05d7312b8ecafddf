/** Turns of the event loop, the same in Node's threads and in a browser's. */

interface Host {
  setImmediate?(callback: () => void): unknown;
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

const host = globalThis as unknown as Host;

/** Runs `callback` in a later turn, after the messages and answers that wait already. Never runs it at once. */
export function runInNextTurn(callback: () => void): void {
  if (host.setImmediate === undefined) host.setTimeout(callback, 0);
  else host.setImmediate(callback);
}

/** Resolves in a later turn: work in slices lets other work go first. */
export function nextTurn(): Promise<void> {
  return new Promise(resolve => runInNextTurn(resolve));
}

/** Runs `callback` after `ms` milliseconds, unless the returned function is called before. */
export function runAfter(ms: number, callback: () => void): () => void {
  const timer = host.setTimeout(callback, ms);
  return () => host.clearTimeout(timer);
}
