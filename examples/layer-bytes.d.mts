import type { ChainRecipe, LayerRecipe } from './recipes.mjs';

/** The paths of a plain chain's files, base first, written without qemu into an existing folder. */
export declare function writeChain(
  recipe: Pick<ChainRecipe, 'layers'>,
  folder: string,
): Promise<[string, ...string[]]>;

/** True when a layer is qcow2 without options and bitmaps: the kind that {@link layerBytes} can write. */
export declare function isPlain(layer: LayerRecipe): boolean;

/** The content of a plain layer's file, before its pokes. `backing` is the name of the qcow2 file it stands on, if any. */
export declare function layerBytes(layer: LayerRecipe, backing?: string): Buffer;
