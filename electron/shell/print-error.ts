/** Errors on standard error: one line each. */

import { errorRecord } from '../../shared/error.ts';
import { complaint } from '../../shared/text/error-line.ts';

/** Writes the line of anything thrown to standard error. */
export function complain(thrown: unknown): void {
  process.stderr.write(`${complaint(errorRecord(thrown))}\n`);
}
