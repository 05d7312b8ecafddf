/** Comma-separated values (RFC 4180), with line feeds. */

/** One line of values; texts are quoted where they have to be. */
export function csvRow(values: readonly (string | number)[]): string {
  return `${values.map(csvValue).join(',')}\n`;
}

function csvValue(value: string | number): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
