/** Checks that what a question or a list names is there: schemas know bounds, not the chain. */
import { CowscopeError } from '../../../shared/error.ts';
import type { ContextSelection } from '../../../shared/model/context.ts';
import type { ChainTables } from '../tables/chain-tables.ts';
import type { StoredLayer } from '../tables/stored-layer.ts';
import { type EnginePlan, isWholeChain } from '../worker/protocol.ts';

/** The layer of that number. Throws LAYER_UNKNOWN where the chain has none. */
export function layerOf({ plan, layers }: ChainTables, index: number): StoredLayer {
  const layer = layers[index];
  if (layer !== undefined) return layer;
  throw layerUnknown(plan, index, `the layers are 0 to ${layers.length - 1}`);
}

/**
 * Throws LAYER_UNKNOWN unless `layer` is undefined (the whole chain) or a layer that is known alone: the layers of an
 * export of a whole chain are not.
 */
export function checkLayerChoice(tables: ChainTables, layer: number | undefined): void {
  if (layer === undefined) return;
  layerOf(tables, layer);
  if (isWholeChain(tables.plan))
    throw layerUnknown(tables.plan, layer, 'an export of a chain shows its layers by depth');
}

function layerUnknown({ layers }: EnginePlan, index: number, advice: string): CowscopeError {
  return new CowscopeError({
    code: 'LAYER_UNKNOWN',
    what: `there is no layer ${index} that is known alone`,
    subject: layers.at(-1)?.title ?? '',
    advice,
  });
}

/**
 * Throws LAYER_UNKNOWN, or CONTEXT_NOT_OFFERED for a bitmap that the chosen part of the chain does not have: what is not
 * there would read as clean.
 */
export function checkSelection(
  tables: ChainTables,
  selection: ContextSelection,
  layer: number | undefined,
): void {
  checkLayerChoice(tables, layer);
  if (selection.context !== 'bitmap') return;
  const { bitmap } = selection;
  const holder = tables.layers[bitmap.layer];
  if (holder !== undefined && (layer ?? bitmap.layer) === bitmap.layer && hasBitmap(holder, bitmap.name))
    return;
  throw new CowscopeError({
    code: 'CONTEXT_NOT_OFFERED',
    what: `no witness that was asked has a bitmap ${JSON.stringify(bitmap.name)} of layer ${bitmap.layer}`,
    subject: (holder ?? tables.layers.at(-1))?.plan.title ?? '',
    advice: 'name a bitmap that the layer has, or use the metadata witness',
  });
}

function hasBitmap({ metadata, nbd }: StoredLayer, name: string): boolean {
  const isNamed = (bitmap: { readonly name: string }) => bitmap.name === name;
  return metadata?.image.bitmaps.some(isNamed) || nbd?.bitmaps.some(isNamed) || false;
}
