/** Disks that read the same, in words for every front. */
import type { ComparisonSums } from '../model/comparison.ts';

/** How two disks are the same: what they store may differ, and one may be longer by zeros. */
export function sameText({ kinds }: Pick<ComparisonSums, 'kinds'>): string {
  const isStoredOtherwise = kinds.state.bytes > 0;
  const otherwise = isStoredOtherwise ? ', and store it otherwise' : '';
  if (kinds.length.bytes > 0)
    return `The disks read the same as far as both go${otherwise}; the longer one ends in zeros.`;
  return isStoredOtherwise ? 'The disks read the same, and store it otherwise.' : 'The disks are the same.';
}
