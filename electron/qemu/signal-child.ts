import type { ChildProcess } from 'node:child_process';

/**
 * Sends a signal to a child that was started, and to nobody where it was not. `ChildProcess.kill` must not be called
 * otherwise: until its error event, Node 20 signals the process number that a child without one happens to hold in
 * memory nobody has set; 0 is every process of this one's group.
 */
export function signalChild(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid !== undefined) child.kill(signal);
}
