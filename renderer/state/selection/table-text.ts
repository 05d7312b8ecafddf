/** Tables as text for a spreadsheet. */
import { escapeUntrusted } from '../../../shared/text/untrusted-text.ts';

/** Untrusted text as a cell that no spreadsheet takes for a formula. */
export function tableCell(text: string): string {
  const safe = escapeUntrusted(text);
  return /^[=+\-@]/.test(safe) ? `'${safe}` : safe;
}

/** Rows as tab-separated values, a line each. Cells hold neither tabs nor line breaks. */
export function tabSeparated(rows: readonly (readonly string[])[]): string {
  return `${rows.map(row => row.join('\t')).join('\n')}\n`;
}
