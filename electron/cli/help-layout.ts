/** How help texts are laid out: within the width of the terminal, whatever that is. */
import type { Help } from 'commander';
import { outputWidth } from './output.ts';

/** Columns of terms at most: the description of a longer one begins below it. */
const MAX_TERM_COLUMNS = 28;
const INDENT = '  ';
const GAP = '  ';
/** Indentation of what is said of an example, where that does not stand beside it. */
const BELOW_EXAMPLE = ' '.repeat(6);
/** Narrower than this nothing is laid out: words are longer. */
const MIN_WIDTH = 40;

/** Columns that help may take. */
export function helpWidth(): number {
  return Math.max(MIN_WIDTH, outputWidth());
}

/** The parts of commander's help that are laid out here. */
export const HELP_LAYOUT = {
  optionDescription: option => option.description,
  showGlobalOptions: true,
  padWidth: (command, help) =>
    Math.min(
      MAX_TERM_COLUMNS,
      Math.max(
        help.longestOptionTermLength(command, help),
        help.longestGlobalOptionTermLength(command, help),
        help.longestSubcommandTermLength(command, help),
        help.longestArgumentTermLength(command, help),
      ),
    ),
  formatItem(term, termWidth, description, help) {
    const column = INDENT.length + termWidth + GAP.length;
    const lines = wrapped(description, (help.helpWidth ?? helpWidth()) - column);
    if (description === '') return INDENT + term;
    const isLong = term.length > termWidth;
    const [first = '', ...rest] = isLong ? ['', ...lines] : lines;
    const head = isLong ? INDENT + term : INDENT + term.padEnd(termWidth) + GAP + first;
    return [head, ...rest.map(line => ' '.repeat(column) + line)].join('\n');
  },
} satisfies Partial<Help>;

/** A text of several lines, examples with what is said of each among them, within the width of the terminal. */
export function fitted(text: string, width = helpWidth()): string {
  return text
    .split('\n')
    .flatMap(line => (line.length <= width ? [line] : brokenLine(line, width)))
    .join('\n');
}

function brokenLine(line: string, width: number): string[] {
  const [, example, description] = /^( {2}\S.*?) {2,}(\S.*)$/.exec(line) ?? [];
  if (example === undefined || description === undefined) return wrapped(line, width);
  return [example, ...wrapped(description, width - BELOW_EXAMPLE.length).map(rest => BELOW_EXAMPLE + rest)];
}

/** The words of a line in lines of `width` characters; a longer word has a line alone. */
function wrapped(line: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of line.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
