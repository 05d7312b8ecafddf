/** Names of layers in sentences: files of a chain in different folders may have one name. */
import type { LayerInfo } from '../../shared/model/layer.ts';

/** A layer among all of a chain. */
type NamedLayer = Pick<LayerInfo, 'name' | 'index'>;

/** What is written for a layer, with its number where another one has its name, too. */
export function numberedIfShared(
  text: string,
  { name, index }: NamedLayer,
  all: readonly NamedLayer[],
): string {
  return all.some(other => other.index !== index && other.name === name) ? `${text} (layer ${index})` : text;
}

/** The name of a layer in quotation marks; with its number where another one has that name, too. */
export function quotedLayer(layer: NamedLayer, all: readonly NamedLayer[]): string {
  return numberedIfShared(JSON.stringify(layer.name), layer, all);
}

/** As {@link quotedLayer}, by number; empty quotation marks for a layer that does not exist. */
export function quotedName(layers: readonly { readonly info: NamedLayer }[], layer: number): string {
  const named = layers[layer];
  if (named === undefined) return '""';
  return quotedLayer(
    named.info,
    layers.map(({ info }) => info),
  );
}
