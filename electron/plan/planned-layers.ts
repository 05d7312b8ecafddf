/** The layers of a plan, each with its part in it. */
import type { LayerInfo } from '../../shared/model/layer.ts';
import type { PlannedLayer } from '../../shared/model/plan/plan.ts';

/** Describes the layers, base first; `partOf` says what becomes of the one with an index. */
export function plannedLayers(
  layers: readonly { readonly info: LayerInfo }[],
  partOf: (index: number) => Pick<PlannedLayer, 'role' | 'becomesInvalid'>,
): PlannedLayer[] {
  return layers.map(({ info: { index, name, path, format, size } }) => ({
    index,
    name,
    path,
    format,
    size,
    ...partOf(index),
  }));
}
