/** Metadata contexts as nbdinfo prints them (libnbd 1.14 to 1.22, `--map --json` and `--map --totals --json`). */
import type { KnownContext } from '../../shared/nbd-contexts.ts';

/** One row of the list. A context of unknown meaning (undefined) has no descriptions. */
export function contextRow(
  context: KnownContext | undefined,
  start: number,
  length: number,
  word: number,
): string {
  const named = context?.nbdinfoLabel(word) ?? '';
  const description = named === '' ? '' : `, "description": "${named}"`;
  return `{ "offset": ${start}, "length": ${length}, "type": ${word}${description}}`;
}

/** The array of totals, words ascending. Percentages carry six significant digits, as printf's %g. */
export function contextTotals(
  context: KnownContext | undefined,
  sums: readonly (readonly [word: number, bytes: number])[],
  size: number,
): string {
  const rows = sums.map(([word, bytes]) => {
    const percent = sixDigits((100 * bytes) / size);
    const named = context?.nbdinfoLabel(word) ?? '';
    const description = named === '' ? '' : `, "description": "${named}"`;
    return `{ "size": ${bytes}, "percent": ${percent}, "type": ${word}${description} }`;
  });
  return `[\n${rows.join(',\n')}\n]`;
}

/** Six significant digits as printf's %g rounds them: a tie goes to the even digit, where toPrecision rounds up. */
function sixDigits(value: number): number {
  const [mantissa = '', exponent = '0'] = value.toExponential(100).split('e'); // exact: a double has no more digits here
  const tieAfterEven = /^\d\.\d{4}[02468]50*$/.test(mantissa);
  return Number(tieAfterEven ? `${mantissa.slice(0, 7)}e${exponent}` : value.toPrecision(6));
}
