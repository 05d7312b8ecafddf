/** Drives a window that is measured without adding to the measured load. */
import { readFileSync, writeFileSync } from 'node:fs';

/** The priority (nice value) of this session's programs as one, where Linux has it so (sched(7), "The autogroup feature"). */
const AUTOGROUP = '/proc/self/autogroup';
const GENTLE = 10;

/**
 * Lets the window go first until the returned function is called. Linux shares cores between sessions before it looks
 * at single programs, and a driven window has its own session: without this its driver, which a person does not
 * have, gets as much of the cores as the window. Does nothing where there is no such thing.
 */
export function driveGently(): () => void {
  const set = (nice: string) => {
    try {
      writeFileSync(AUTOGROUP, nice);
    } catch {
      // there is none, or it may not be changed
    }
  };
  let before = '0';
  try {
    before = /nice (-?\d+)/.exec(readFileSync(AUTOGROUP, 'utf8'))?.[1] ?? before;
  } catch {
    // as above
  }
  set(String(GENTLE));
  return () => set(before);
}
