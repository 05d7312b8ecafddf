/** Exit codes of every command; scripts rely on them. */
export const EXIT = {
  done: 0,
  failed: 1,
  /** Done, with parts missing, such as an unreadable layer. */
  partial: 3,
  usage: 64,
  /** Of `check`, as qemu-img check has them: corruption, and leaks only. */
  corrupt: 2,
  leaks: 3,
  /** Of `compare`, as cmp and qemu-img compare have them: the disks differ or may differ; that is not known. */
  different: 1,
  trouble: 2,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/**
 * Has the program end with `code` also where standard output is closed before everything is printed, and returns it. To
 * be called before anything is written.
 */
export function settleExit(code: ExitCode): ExitCode {
  process.exitCode = code;
  return code;
}

/** What the codes mean, for help and manual. */
export const EXIT_MEANINGS: readonly (readonly [code: ExitCode, meaning: string])[] = [
  [EXIT.done, 'done (check: clean; compare: the same)'],
  [EXIT.failed, 'could not be done (check: incomplete; compare: different)'],
  [EXIT.corrupt, 'check: corruption; compare: not everything could be compared'],
  [EXIT.partial, 'done with parts missing (check: leaks only)'],
  [EXIT.usage, 'wrong usage'],
];
