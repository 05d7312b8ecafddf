/**
 * The one error type of cowscope: a stable code, what was being read, what went wrong and what to do.
 * docs/errors.md has a row for every code.
 */

/** An error as data: what crosses threads, processes and JSON. */
export interface ErrorRecord {
  /** Stable identifier such as NBD_BAD_MAGIC. Scripts may rely on it. */
  readonly code: string;
  /** What went wrong, as one sentence without the file name. */
  readonly what: string;
  /** The file, URI or thing being read; empty when there is none. */
  readonly subject: string;
  /** What the person can do about it; empty when nothing sensible can be said. */
  readonly advice: string;
}

/** An expected failure. Broken invariants use assert() instead. */
export class CowscopeError extends Error implements ErrorRecord {
  override readonly name = 'CowscopeError';
  readonly code: string;
  readonly what: string;
  readonly subject: string;
  readonly advice: string;

  constructor(record: ErrorRecord, options?: ErrorOptions) {
    super(describeError(record), options);
    this.code = record.code;
    this.what = record.what;
    this.subject = record.subject;
    this.advice = record.advice;
  }
}

/** One line for a person: `CODE: what, which file, what to do`. Control characters are not escaped here. */
export function describeError(record: ErrorRecord): string {
  const where = record.subject === '' ? '' : ` (${record.subject})`;
  const advice = record.advice === '' ? '' : ` ${record.advice}`;
  return `${record.code}: ${record.what}${where}${advice === '' ? '' : `:${advice}`}`;
}

/**
 * The record of anything thrown. An error of the system gets a specific code where its cause is known and
 * SYSTEM_ERROR elsewhere; anything else that is not a CowscopeError is a fault of ours: INTERNAL.
 */
export function errorRecord(thrown: unknown): ErrorRecord {
  if (thrown instanceof CowscopeError) {
    const { code, what, subject, advice } = thrown;
    return { code, what, subject, advice };
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const what = message.replaceAll(/\s*\n\s*/g, ' ');
  const known = plainCause(thrown);
  if (known !== undefined) return { ...known, subject: '' };
  if (isSystemError(thrown))
    return { code: 'SYSTEM_ERROR', what, subject: '', advice: 'look at what the system says is wrong' };
  return { code: 'INTERNAL', what, subject: '', advice: 'please report this with the steps that led here' };
}

type PlainCause = Omit<ErrorRecord, 'subject'>;

const TOO_MANY_FILES: PlainCause = {
  code: 'TOO_MANY_FILES',
  what: 'the system lets this program open no more files',
  advice: 'raise the limit (ulimit -n), or open fewer layers at once',
};
const DISK_FULL: PlainCause = {
  code: 'DISK_FULL',
  what: 'there is no space left on the disk',
  advice: 'make room, or name a place on another disk',
};
const OUT_OF_MEMORY: PlainCause = {
  code: 'OUT_OF_MEMORY',
  what: 'this needs more memory than there is',
  advice: 'close other programs, or ask for less at once',
};

const COMMAND_TOO_LONG: PlainCause = {
  code: 'COMMAND_TOO_LONG',
  what: 'the command line is longer than the system lets it be',
  advice: 'name fewer files, or shorter paths',
};

/** By the code of the system's or Node's error. */
const PLAIN_CAUSES: ReadonlyMap<unknown, PlainCause> = new Map([
  ['EMFILE', TOO_MANY_FILES],
  ['ENFILE', TOO_MANY_FILES],
  ['ENOSPC', DISK_FULL],
  ['EDQUOT', DISK_FULL],
  ['E2BIG', COMMAND_TOO_LONG],
  ['ENOMEM', OUT_OF_MEMORY],
  ['ERR_WORKER_OUT_OF_MEMORY', OUT_OF_MEMORY],
  ['ERR_MEMORY_ALLOCATION_FAILED', OUT_OF_MEMORY],
  ['ERR_STRING_TOO_LONG', OUT_OF_MEMORY],
]);

function plainCause(thrown: unknown): PlainCause | undefined {
  if (!(thrown instanceof Error)) return undefined;
  // The engine's own errors have no code: V8 messages kInvalidStringLength and kArrayBufferAllocationFailed.
  if (
    thrown instanceof RangeError &&
    /^(Invalid string length|Array buffer allocation failed)$/.test(thrown.message)
  )
    return OUT_OF_MEMORY;
  const code = 'code' in thrown ? thrown.code : undefined;
  // A thread that cannot be started gives the system's reason in its message alone.
  const reason = code === 'ERR_WORKER_INIT_FAILED' ? /\bE[A-Z]+$/.exec(thrown.message)?.[0] : code;
  return PLAIN_CAUSES.get(reason);
}

/** What the system says of an error in Node's words, without the call and its path: that may be one of our own. */
export function systemReason(thrown: unknown): string {
  const { what } = errorRecord(thrown);
  return isSystemError(thrown) ? (what.split(', ')[0] ?? what) : what;
}

/** True for what Node makes of a failed call of the system. */
function isSystemError(thrown: unknown): boolean {
  return (
    thrown instanceof Error &&
    'syscall' in thrown &&
    'code' in thrown &&
    typeof thrown.code === 'string' &&
    /^E[A-Z0-9]+$/.test(thrown.code)
  );
}
