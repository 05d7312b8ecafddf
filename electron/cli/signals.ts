/**
 * How SIGINT, SIGTERM and SIGHUP end a command: at once, whatever it is doing.
 *
 * Nothing listens to them as long as there is nothing to undo, so that the system itself ends the program, also while its
 * main thread computes or waits for a disk. Where there is something, it is undone and the signal is sent again to a
 * program that does not listen any more. An exit instead would wait for the worker, which may wait for a disk.
 */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const cleanUps = new Set<() => void>();

/**
 * Calls `cleanUp`, which must not wait for anything, when one of the signals ends the program. Returns a function after
 * which it is not called any more.
 */
export function undoOnSignal(cleanUp: () => void): () => void {
  if (cleanUps.size === 0) for (const signal of SIGNALS) process.on(signal, end);
  cleanUps.add(cleanUp);
  return () => {
    if (cleanUps.delete(cleanUp) && cleanUps.size === 0) stopListening();
  };
}

function end(signal: NodeJS.Signals): void {
  for (const cleanUp of cleanUps) cleanUp();
  stopListening();
  process.kill(process.pid, signal);
}

function stopListening(): void {
  for (const signal of SIGNALS) process.off(signal, end);
}
