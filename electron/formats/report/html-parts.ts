/** Parts of an HTML page that is well-formed XML, too. Every text in them is content, never markup. */
import { escapeUntrusted } from '../../../shared/text/untrusted-text.ts';
import { escapeXml } from '../../../shared/text/xml-text.ts';

/** Longest text of one place, in characters. */
const MAX_TEXT_CHARACTERS = 4200;

/** A table of texts; columns from `numbers` on are numbers. */
export function htmlTable(
  title: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
  numbers = head.length,
): string {
  const kind = (column: number) => (column >= numbers ? ' class="number"' : '');
  const cells = (row: readonly string[]) =>
    row.map((cell, i) => `<td${kind(i)}>${htmlText(cell)}</td>`).join('');
  const titles = head
    .map((cell, i) => (cell === '' ? '<td></td>' : `<th scope="col"${kind(i)}>${htmlText(cell)}</th>`))
    .join('');
  return `<h2>${title}</h2>
<table>
<thead><tr>${titles}</tr></thead>
<tbody>
${rows.map(row => `<tr>${cells(row)}</tr>`).join('\n')}
</tbody>
</table>
`;
}

/** A drawing for each theme, of which one is shown. */
export function htmlFigures(light: string, dark: string): string {
  return `<figure class="light" tabindex="0">
${light}</figure>
<figure class="dark" tabindex="0">
${dark}</figure>
`;
}

/** A text as content, never markup. */
export function htmlText(value: string): string {
  return escapeXml(escapeUntrusted(value, MAX_TEXT_CHARACTERS));
}

/** Text in which words between backquotes are what a person types. */
export function htmlProse(value: string): string {
  return htmlText(value).replace(/`([^`]+)`/g, '<code>$1</code>');
}
