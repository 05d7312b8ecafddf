/** NBD addresses as the fronts give them: which of the local files that they name may be read. */
import { resolve } from 'node:path';
import { CowscopeError } from '../../../shared/error.ts';
import { type NbdAddress, parseNbdUri } from '../../nbd/uri.ts';
import type { SessionOptions } from '../session-options.ts';

/** Who gave the address, and what was consented to. */
export type AddressTrust = Pick<SessionOptions, 'allowLocalFiles'> & Partial<Pick<SessionOptions, 'consent'>>;

/**
 * The address that `uri` names. Throws the codes of parseNbdUri; NBD_URI_LOCAL_FILE where it names a key file or a
 * folder of certificates, which is then the subject, that neither the command line nor consent allows.
 */
export function trustedAddress(uri: string, trust: AddressTrust): NbdAddress {
  const address = parseNbdUri(uri, { allowLocalFiles: true });
  const { allowLocalFiles = false, consent = { allow: [], allowAll: false } } = trust;
  if (allowLocalFiles || consent.allowAll || address.tls === undefined) return address;
  const { certificates, pskFile } = address.tls;
  const refused = [certificates, pskFile].find(path => path !== '' && !consent.allow.includes(resolve(path)));
  if (refused === undefined) return address;
  throw new CowscopeError({
    code: 'NBD_URI_LOCAL_FILE',
    what: 'the address names this file or folder of your machine for its keys, which only you may choose',
    subject: resolve(refused),
    advice: 'allow that path if the address is yours, or open it from the command line',
  });
}
