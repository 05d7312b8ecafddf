/** What the sizes of a chain's layers do to each other. */
import { formatSize } from '../../shared/text/offset.ts';

/**
 * Notes for each layer, base first, from the virtual sizes of all in bytes. A layer that ends before another below it
 * hides the rest of that: what is read there through it are zeros, and a commit or rebase can bring the data back.
 */
export function sizeNotes(sizes: readonly number[]): string[][] {
  return sizes.map((size, index) => {
    const below = Math.max(0, ...sizes.slice(0, index));
    const above = sizes[index + 1];
    const notes: string[] = [];
    if (below > size)
      notes.push(
        `It ends at ${formatSize(size)}, before a layer below it that reaches to ${formatSize(below)}: what lies there is hidden by its size alone and can come back with a commit or a rebase.`,
      );
    if (above !== undefined && above > size)
      notes.push(
        `It ends at ${formatSize(size)}, before the layer above it that reaches to ${formatSize(above)}: past its end it reads as zeros.`,
      );
    return notes;
  });
}
