/** What docs/findings.md says of each code: the window shows the same text as the page. */

/** The entry of one code. Plain text with `code` in backquotes. */
export interface FindingEntry {
  readonly meaning: string;
  readonly cause: string;
  readonly risk: string;
  /** What qemu and `qemu-img check` do and say. */
  readonly qemu: string;
  readonly do: string;
}

let entries: Promise<ReadonlyMap<string, FindingEntry>> | undefined;

/** Every entry by its code; the page is loaded once, when it is needed first. */
export function loadEntries(): Promise<ReadonlyMap<string, FindingEntry>> {
  entries ??= import('../../../docs/findings.md?raw').then(page => parseEntries(page.default));
  return entries;
}

/** The entries of the page. Links are replaced by what they are called, and `as for CODE` by what is said there. */
export function parseEntries(page: string): ReadonlyMap<string, FindingEntry> {
  const texts = entriesAsWritten(page);
  const resolved = (text: string, name: keyof FindingEntry) =>
    text.replace(/^as for (\w+)(?=[.,])/, (as, code) => texts.get(code)?.[name].replace(/\.$/, '') ?? as);
  return new Map(
    [...texts].map(([code, entry]) => [
      code,
      {
        meaning: entry.meaning,
        cause: resolved(entry.cause, 'cause'),
        risk: resolved(entry.risk, 'risk'),
        qemu: resolved(entry.qemu, 'qemu'),
        do: resolved(entry.do, 'do'),
      },
    ]),
  );
}

function entriesAsWritten(page: string): ReadonlyMap<string, FindingEntry> {
  const parts = page.replace(/\[([^\]]+)\]\([^)]*\)/g, '$1').split(/^### /m);
  return new Map(
    parts.slice(1).map(part => {
      const field = (name: string) => new RegExp(`^- \\*\\*${name}\\*\\*: (.+)$`, 'm').exec(part)?.[1] ?? '';
      return [
        /^\w+/.exec(part)?.[0] ?? '',
        {
          meaning: /^\*\w+\.\* (.+)$/m.exec(part)?.[1] ?? '',
          cause: field('cause'),
          risk: field('risk'),
          qemu: field('qemu'),
          do: field('do'),
        },
      ];
    }),
  );
}
