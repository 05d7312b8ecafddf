import type { ChainRecipe, LayerRecipe } from './recipes.mjs';

/** The paths of a plain chain's files, base first, written without qemu into an existing folder. */
export declare function writeChain(
  recipe: Pick<ChainRecipe, 'layers'>,
  folder: string,
): Promise<[string, ...string[]]>;

/** True when a layer is qcow2 without options and bitmaps: the kind that can be written without qemu. */
export declare function isPlain(layer: LayerRecipe): boolean;
