/**
 * The walk through the layers at one place, and the marks it puts on their words.
 *
 * It goes down from the top and stops at the first layer that decides: one that is LOCAL (the owner), one that ends
 * before the offset (nothing owns it: reads zeros), or one of which nothing is known. Each layer's own word gets the
 * marks that only its neighbors can tell:
 *
 *   OVERRIDES       LOCAL here, and so is a layer below that the walk would have reached
 *   HOLE_OVERRIDES  zeros without data, over a lower LOCAL range that is not itself such a zero
 *   OVERRIDDEN      LOCAL here, and hidden by a LOCAL layer above
 *   SHADOWED        LOCAL here, and hidden because a layer above ends before this offset
 */
import {
  ABSENT,
  HOLE_OVERRIDES,
  isOwnZero,
  LOCAL,
  OUT_OF_RANGE,
  OVERRIDDEN,
  OVERRIDES,
  SHADOWED,
} from './flags.ts';

/**
 * Marks the words of the first `layerCount` layers in place, base first, and returns the index of the layer where the
 * walk stops, -1 where every layer is absent. One pass from the base up gives what each layer overrides and the stop;
 * one pass down from the top gives what hides each layer.
 */
export function markWords(words: Uint32Array, layerCount: number): number {
  let stop = -1;
  let localBelow = false;
  let contentBelow = false;
  for (let i = 0; i < layerCount; i++) {
    const word = words[i] as number;
    if (word & LOCAL) {
      const zero = isOwnZero(word);
      if (localBelow) words[i] = word | (zero && contentBelow ? OVERRIDES | HOLE_OVERRIDES : OVERRIDES);
      localBelow = true;
      if (!zero) contentBelow = true;
      stop = i;
    } else if (!(word & ABSENT)) {
      if (word & OUT_OF_RANGE) {
        localBelow = false;
        contentBelow = false;
      }
      stop = i;
    }
  }
  let hidden = 0;
  for (let i = layerCount - 1; i >= 0; i--) {
    const word = words[i] as number;
    if (word & LOCAL) {
      words[i] = word | hidden;
      if (hidden === 0) hidden = OVERRIDDEN;
    } else if (word & OUT_OF_RANGE) {
      hidden = SHADOWED;
    }
  }
  return stop;
}
