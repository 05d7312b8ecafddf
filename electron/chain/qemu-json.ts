/**
 * The JSON that qemu reads: besides that of RFC 8259, strings in single quotes, and `\'` in any string (qemu's
 * json-lexer.c). Such descriptions are recorded as backing names.
 */

/** The value of a text. Throws SyntaxError for what is no such JSON. */
export function parseQemuJson(text: string): unknown {
  return JSON.parse(inDoubleQuotes(text));
}

/** The same text with every string in double quotes. */
function inDoubleQuotes(text: string): string {
  const tokens = /"(?:[^"\\]|\\.)*"|'((?:[^'\\]|\\.)*)'/gs;
  return text.replace(tokens, (string: string, single: string | undefined) => {
    const inner = single === undefined ? string.slice(1, -1) : single.replace(/\\.|"/gs, escapeQuote);
    return `"${inner.replace(/\\./gs, pair => (pair === "\\'" ? "'" : pair))}"`;
  });
}

/** Pairs of a backslash and a character stay together; a quotation mark that stands alone becomes such a pair. */
function escapeQuote(part: string): string {
  return part === '"' ? '\\"' : part;
}
