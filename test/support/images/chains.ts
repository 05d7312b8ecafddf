/** The demo chains of examples/recipes.mjs, made in a folder; paths base first. */
import { bitmaps, damaged, extendedL2, golden, makeChain, shortMiddle } from '../../../examples/recipes.mjs';

export const goldenChain = (folder: string) => makeChain(golden, folder);
export const shortMiddleChain = (folder: string) => makeChain(shortMiddle, folder);
export const bitmapsChain = (folder: string) => makeChain(bitmaps, folder);
export const extendedL2Chain = (folder: string) => makeChain(extendedL2, folder);
export const damagedChain = (folder: string) => makeChain(damaged, folder);
