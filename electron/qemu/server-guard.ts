/** What ends servers when something other than an exit ends this process. It is set before the code that starts them is loaded. */

/** Has `endAll` called when the process is ended; returns what gives that up. */
type Guard = (endAll: () => void) => () => void;

let guard: Guard = () => () => {};

/** Sets the guard: it is called before the first server starts and given up when the last has ended. Without one, only an exit ends servers. */
export function guardServers(next: Guard): void {
  guard = next;
}

/** Puts `endAll` in the charge of the guard; returns what gives that up. */
export function putOnGuard(endAll: () => void): () => void {
  return guard(endAll);
}
