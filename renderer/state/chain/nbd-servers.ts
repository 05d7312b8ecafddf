/** Addresses of NBD servers. */
import type { RecentTarget } from '../../../shared/model/target.ts';
import { withoutSecrets } from '../../../shared/text/nbd-uri.ts';

/** The servers among recent targets: addresses without the export, each once, without user name or password. */
export function serversIn(recent: readonly RecentTarget[]): readonly string[] {
  const servers = recent.flatMap(({ target }) => (target.kind === 'nbd' ? [exportUri(target.uri, '')] : []));
  return [...new Set(servers.map(withoutSecrets))];
}

/** The address of an export of the server that `uri` names: its path is replaced, the rest kept. */
export function exportUri(uri: string, name: string): string {
  const parts = /^([a-z+]+:\/\/[^/?#]*)(?:\/[^?#]*)?(\?[^#]*)?/i.exec(uri);
  if (parts === null) return uri;
  const path = name.split('/').map(encodeURIComponent).join('/');
  const query = parts[2] ?? '';
  return `${parts[1]}${path === '' && query === '' ? '' : `/${path}`}${query}`;
}
