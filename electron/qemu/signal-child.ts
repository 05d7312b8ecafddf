import type { ChildProcess } from 'node:child_process';

/**
 * Sends a signal to a child if it has a process id. `ChildProcess.kill` must not be called otherwise: until its error
 * event, Node 20 signals whatever number the memory of a child without one holds; 0 is every process of this group.
 */
export function signalChild(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid !== undefined) child.kill(signal);
}

/** Sends a signal to a child that leads a process group, and to what it has started; without effect where they are gone. */
export function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // nothing of the group is left
  }
}

/** Kills a process that another one of ours has started; without effect where it is gone. */
export function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended meanwhile
  }
}
