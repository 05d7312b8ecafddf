/** Which process left something behind, in a way that no later process shares. */
import { readFileSync, readlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** A process of this machine, or of another one that shares its folders. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks from the start of the system to that of the process. */
  readonly started: string;
  /** Names the run of the system. */
  readonly boot: string;
  /** Names the space of process numbers: each container has one. */
  readonly space: string;
}

/** This process; undefined where the system does not tell. */
export function ownIdentity(): ProcessIdentity | undefined {
  try {
    return {
      pid: process.pid,
      started: startOf(readFileSync('/proc/self/stat', 'utf8')),
      boot: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
      space: readlinkSync('/proc/self/ns/pid'),
    };
  } catch {
    return undefined;
  }
}

/** True while a process of our own run of the system and our own space of numbers has not ended. */
export async function isRunning({
  pid,
  started,
}: Pick<ProcessIdentity, 'pid' | 'started'>): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return stat !== undefined && startOf(stat) === started;
}

/** Field 22 of proc(5) stat; the name in parentheses before it may hold anything. */
function startOf(stat: string): string {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}
