/** What an NBD server offers, for `cowscope layers` and the window's Connect dialog. */
import type { NbdExportInfo } from '../../../shared/model/nbd-export.ts';
import { type ListedExport, listExports } from '../../nbd/client/list-exports.ts';
import { EXPORT_FLAG } from '../../nbd/wire/protocol.ts';
import { type AddressTrust, trustedAddress } from './nbd-address.ts';

/** A server and its exports. */
export interface NbdServerInfo {
  readonly exports: readonly NbdExportInfo[];
  /** The server does not tell its exports: only the one that the address names is listed. */
  readonly listingRefused: boolean;
  readonly encrypted: boolean;
  /** How replies are framed; with `simple` no block status can be asked for. */
  readonly replies: 'simple' | 'structured' | 'extended';
}

/** Who gave the address; the signal ends the asking with CANCELLED, and every socket of it. */
export type ListOptions = AddressTrust & { readonly signal?: AbortSignal };

/**
 * The server at `uri` and every export of it with what it offers. Rejects with the NBD codes, NBD_URI_LOCAL_FILE among
 * them where the address names key files and comes from elsewhere.
 */
export async function describeNbdServer(
  uri: string,
  { signal, ...trust }: ListOptions = {},
): Promise<NbdServerInfo> {
  const address = trustedAddress(uri, trust);
  const listed = await listExports(address, signal === undefined ? {} : { signal });
  return { ...listed, exports: listed.exports.map(exportInfo) };
}

/** Every export of the server at `uri` with what it offers. Rejects as {@link describeNbdServer} does. */
export async function listNbdExports(
  uri: string,
  options: ListOptions = {},
): Promise<readonly NbdExportInfo[]> {
  return (await describeNbdServer(uri, options)).exports;
}

function exportInfo({ name, description, uri, facts, error }: ListedExport): NbdExportInfo {
  const sizes = facts?.blockSize;
  return {
    name,
    description,
    uri,
    size: facts?.size ?? -1,
    contexts: facts?.contexts ?? [],
    flags: flagNames(facts?.flags ?? 0),
    ...(sizes === undefined ? {} : { blockSizes: [sizes.minimum, sizes.preferred, sizes.maximum] as const }),
    ...(error === undefined ? {} : { error }),
  };
}

function flagNames(flags: number): string[] {
  return Object.entries(EXPORT_FLAG)
    .filter(([, bit]) => (flags & bit) !== 0)
    .map(([name]) => name.replace(/[A-Z]/g, letter => `_${letter}`).toUpperCase());
}
