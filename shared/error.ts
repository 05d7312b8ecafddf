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

/** The record of anything thrown. What is not a CowscopeError becomes INTERNAL, with its message in one line. */
export function errorRecord(thrown: unknown): ErrorRecord {
  if (thrown instanceof CowscopeError) {
    const { code, what, subject, advice } = thrown;
    return { code, what, subject, advice };
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const what = message.replaceAll(/\s*\n\s*/g, ' ');
  return { code: 'INTERNAL', what, subject: '', advice: 'please report this with the steps that led here' };
}
