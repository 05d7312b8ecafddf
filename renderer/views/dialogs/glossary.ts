/** The words of docs/glossary.md: the window shows the same text as the page. */

/** One row: a word, or several, and what it means. Plain text with `code` in backquotes. */
export interface GlossaryRow {
  readonly word: string;
  readonly meaning: string;
}

let rows: Promise<readonly GlossaryRow[]> | undefined;

/** Every row; the page is loaded once, when it is needed first. */
export function loadGlossary(): Promise<readonly GlossaryRow[]> {
  rows ??= import('../../../docs/glossary.md?raw').then(page => parseGlossary(page.default));
  return rows;
}

/** The rows of the page's table. Links are replaced by what they are called. */
function parseGlossary(page: string): readonly GlossaryRow[] {
  return [...page.matchAll(/^\| \*\*(.+?)\*\* \| (.+) \|$/gm)].map(([, word = '', meaning = '']) => ({
    word,
    meaning: meaning.replace(/\[([^\]]+)\]\([^)]*\)/g, '$1').replaceAll('*', ''),
  }));
}
