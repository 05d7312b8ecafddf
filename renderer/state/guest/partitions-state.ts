/** What is known of the guest's partitions. */
import type { GuestDisk } from '../../../shared/model/guest/guest-disk.ts';

/** Of the open chain: not asked for, being read, or read. */
export type PartitionsState =
  | { readonly phase: 'none' }
  | { readonly phase: 'reading' }
  | { readonly phase: 'read'; readonly disk: GuestDisk };
