/** What an NBD server offers, for a person. */
import type { NbdExportInfo } from '../../../shared/model/nbd-export.ts';
import { knownContext } from '../../../shared/nbd-contexts.ts';
import { exactSize, formatSize } from '../../../shared/text/offset.ts';
import { escapeUntrusted } from '../../../shared/text/untrusted-text.ts';
import type { NbdServerInfo } from '../../service/nbd/nbd-exports.ts';
import { type DefinitionRow, definitionLine } from './definition-rows.ts';

/** The exports of a server, one paragraph each: lines without their ends. */
export function exportsLines(server: NbdServerInfo): string[] {
  const { exports, encrypted, replies, listingRefused } = server;
  const count = `${exports.length} ${exports.length === 1 ? 'export' : 'exports'}`;
  const head = `${count}, ${encrypted ? 'TLS' : 'no TLS'}, ${replies} replies`;
  const note = listingRefused
    ? ['', 'note: The server does not list its exports; this is the one asked for.']
    : [];
  return [head, ...exports.flatMap(info => ['', ...exportLines(info)]), ...note];
}

function exportLines(info: NbdExportInfo): string[] {
  const { name, description, uri, size, contexts, flags, blockSizes, error } = info;
  const rows: DefinitionRow[] = [['address', uri]];
  if (description !== '') rows.push(['description', description]);
  if (size >= 0) rows.push(['size', exactSize(size)]);
  if (flags.length > 0) rows.push(['flags', flags.join(', ')]);
  if (blockSizes !== undefined) {
    const [minimum, preferred, maximum] = blockSizes.map(formatSize);
    rows.push(['block size', `${minimum} at least, ${preferred} preferred, ${maximum} at most`]);
  }
  for (const context of contexts) rows.push(['context', contextText(context)]);
  if (error !== undefined) rows.push(['unknown', `${error.code}: ${error.what}`]);
  return [`  ${name === '' ? '(default export)' : escapeUntrusted(name)}`, ...rows.map(definitionLine)];
}

function contextText(name: string): string {
  const known = knownContext(name);
  return known === undefined ? name : `${name} (${known.meaning})`;
}
