/** NBD metadata contexts that a chain of files can answer, as qemu-nbd would. */
import type { ContextRole } from '../nbd-contexts.ts';

/** A bitmap by the layer that holds it and its name. Untrusted text. */
export interface BitmapChoice {
  readonly layer: number;
  readonly name: string;
}

/** One context of a chain, or of one layer. */
export type ContextSelection =
  | { readonly context: Exclude<ContextRole, 'bitmap'> }
  | { readonly context: 'bitmap'; readonly bitmap: BitmapChoice };

/** The bitmap that a context is about; undefined for other contexts. */
export function bitmapOf(selection: ContextSelection): BitmapChoice | undefined {
  return selection.context === 'bitmap' ? selection.bitmap : undefined;
}
