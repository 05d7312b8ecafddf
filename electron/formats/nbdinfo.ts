/** Metadata contexts as nbdinfo prints them (libnbd 1.14 to 1.22, `--map --json` and `--map --totals --json`). */
import type { NbdContextKind } from '../../shared/model/context.ts';

/** What precedes the name of a bitmap in that of its context. */
export const BITMAP_PREFIX = 'qemu:dirty-bitmap:';

/** What a context name stands for; `other` for contexts we do not know, shown as raw numbers. */
export function contextKind(name: string): NbdContextKind | 'other' {
  if (name === 'base:allocation') return 'allocation';
  if (name === 'qemu:allocation-depth') return 'depth';
  return name.startsWith(BITMAP_PREFIX) ? 'bitmap' : 'other';
}

/** How nbdinfo names a context's word. Empty where it has no name for it. */
function describeContextWord(kind: NbdContextKind | 'other', word: number): string {
  if (kind === 'allocation') return ['data', 'hole', 'zero', 'hole,zero'][word] ?? '';
  if (kind === 'bitmap') return ['clean', 'dirty'][word] ?? '';
  if (kind === 'other') return '';
  return word === 0 ? 'absent' : word === 1 ? 'local' : `backing depth ${word}`;
}

/** One row of the list. */
export function contextRow(
  kind: NbdContextKind | 'other',
  start: number,
  length: number,
  word: number,
): string {
  const named = describeContextWord(kind, word);
  const description = named === '' ? '' : `, "description": "${named}"`;
  return `{ "offset": ${start}, "length": ${length}, "type": ${word}${description}}`;
}

/** The array of totals, words ascending. Percentages carry six significant digits, as printf's %g. */
export function contextTotals(
  kind: NbdContextKind | 'other',
  sums: readonly (readonly [word: number, bytes: number])[],
  size: number,
): string {
  const rows = sums.map(([word, bytes]) => {
    const percent = sixDigits((100 * bytes) / size);
    const named = describeContextWord(kind, word);
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
