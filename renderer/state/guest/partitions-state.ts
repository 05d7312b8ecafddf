/** What is known of the guest's partitions. */
import type { GuestDisk } from '../../../shared/model/guest/guest-disk.ts';

/** Of the open chain: not asked for, offered because there may be some, being read, or read. */
export type PartitionsState =
  | { readonly phase: 'none' }
  | { readonly phase: 'offered' }
  | { readonly phase: 'reading' }
  | { readonly phase: 'read'; readonly disk: GuestDisk };

/** What a person answered about one image, named by its top file or address: whether its partitions are read unasked. */
export interface PartitionsAnswer {
  readonly image: string;
  readonly reads: boolean;
}
