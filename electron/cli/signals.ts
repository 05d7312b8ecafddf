/**
 * How SIGINT, SIGTERM and SIGHUP end a command: at once, whatever it is doing.
 *
 * Nothing listens to them until there is something to undo, so that the system itself ends the program, also while its
 * main thread computes or waits for a disk. From then on they are listened to, also when nothing is left to undo: Node
 * loses a signal that has come while the main thread was busy when the last listener is removed before the signal is
 * delivered. What there is to undo is undone, and the signal is sent again to a program that does not listen any more.
 * An exit instead would wait for the worker, which may wait for a disk.
 */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const cleanUps = new Set<() => void>();
let isListening = false;

/**
 * Calls `cleanUp`, which must not wait for anything, when one of the signals ends the program. Returns a function after
 * which it is not called any more.
 */
export function undoOnSignal(cleanUp: () => void): () => void {
  if (!isListening) for (const signal of SIGNALS) process.on(signal, end);
  isListening = true;
  cleanUps.add(cleanUp);
  return () => void cleanUps.delete(cleanUp);
}

function end(signal: NodeJS.Signals): void {
  for (const cleanUp of cleanUps) cleanUp();
  for (const each of SIGNALS) process.off(each, end);
  process.kill(process.pid, signal);
}
