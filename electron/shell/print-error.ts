/** Errors on standard error: one line each. */

import { errorRecord } from '../../shared/error.ts';
import { errorLine } from '../../shared/text/error-line.ts';

/** Writes the line of anything thrown to standard error. */
export function printError(thrown: unknown): void {
  process.stderr.write(`${errorLine(errorRecord(thrown))}\n`);
}
