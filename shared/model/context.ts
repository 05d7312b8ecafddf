/** NBD metadata contexts that a chain of files can answer, as qemu-nbd would. */

/** `allocation` is base:allocation, `depth` qemu:allocation-depth, `bitmap` one qemu:dirty-bitmap:NAME. */
export type NbdContextKind = 'allocation' | 'depth' | 'bitmap';

/** One context of a chain, or of one layer. */
export interface ContextSelection {
  readonly context: NbdContextKind;
  /** Which bitmap, for `bitmap`; default the first of the layer. */
  readonly bitmap?: { readonly layer: number; readonly name: string } | undefined;
}
