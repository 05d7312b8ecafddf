/** What an NBD server offers. */
import type { ErrorRecord } from '../error.ts';

/** An export offered by an NBD server. Names and descriptions are untrusted text. */
export interface NbdExportInfo {
  readonly name: string;
  readonly description: string;
  /** Address of this export, without user or local files. */
  readonly uri: string;
  /** Bytes; -1 where the server did not say. */
  readonly size: number;
  readonly contexts: readonly string[];
  /** Transmission flags by their names in the NBD protocol, without NBD_FLAG_. */
  readonly flags: readonly string[];
  /** Minimum, preferred and maximum block size in bytes, where the server says. */
  readonly blockSizes?: readonly [minimum: number, preferred: number, maximum: number];
  /** Why the export could not be asked about. */
  readonly error?: ErrorRecord;
}
