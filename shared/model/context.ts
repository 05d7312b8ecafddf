/** NBD metadata contexts that a chain of files can answer, as qemu-nbd would. */
import type { ContextRole } from '../nbd-contexts.ts';

/** One context of a chain, or of one layer. */
export interface ContextSelection {
  readonly context: ContextRole;
  /** Which bitmap, for `bitmap`; default the first of the layer. */
  readonly bitmap?: { readonly layer: number; readonly name: string } | undefined;
}
