/** Errors on standard error: one line each. */
import { complaint } from '../../shared/complaint.ts';
import { errorRecord } from '../../shared/errors.ts';

/** Writes the line of anything thrown to standard error. */
export function complain(thrown: unknown): void {
  process.stderr.write(`${complaint(errorRecord(thrown))}\n`);
}
