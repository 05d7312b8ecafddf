/** How the parts of the format report what is wrong with them. */
import { type Cause, type CausePlace, causeOf } from '../../../shared/finding-collector.ts';
import type { FindingSeverity } from '../../../shared/model/finding.ts';

/** Takes a cause and one place where it shows. */
export type ReportCause = (cause: Cause, place?: CausePlace) => void;

/** What to say of a field: its code, the sentence, and the next safe step. */
export interface FieldProblem {
  readonly code: string;
  /** Default: corruption. */
  readonly severity?: FindingSeverity;
  readonly what: string;
  readonly advice: string;
}

/** Reports a field of `length` bytes (1 to 8) at `fileOffset`, which lies `at` bytes into `view`. */
export function reportField(
  report: ReportCause,
  { severity = 'corruption', ...facts }: FieldProblem,
  source: string,
  view: DataView,
  at: number,
  length: number,
  fileOffset = at,
): void {
  report(causeOf({ ...facts, severity }), {
    host: [fileOffset, length],
    evidence: { source, fileOffset, value: fieldValue(view, at, length), bits: '' },
  });
}

/** Bytes of a field that its value shows. */
const MAX_VALUE_BYTES = 64;

/** The first 64 bytes of a big endian field as `0x` and two digits a byte; bytes that are not there are left out. */
export function fieldValue(view: DataView, at: number, length: number): string {
  const end = Math.min(view.byteLength, at + Math.min(length, MAX_VALUE_BYTES));
  let digits = '';
  for (let i = at; i < end; i++) digits += view.getUint8(i).toString(16).padStart(2, '0');
  return `0x${digits}`;
}

/** What qemu does with an image whose header breaks one of its rules, and the step that loses nothing. */
export const HEADER_ADVICE =
  'qemu does not open such an image: correct the field in a copy of the file, or take the header of another copy';
