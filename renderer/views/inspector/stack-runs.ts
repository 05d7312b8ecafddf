/** Which layers of a stack share a row. */
import { presentBits } from '../../../shared/extent/columns.ts';
import { stateOf } from '../../../shared/extent/flags.ts';
import type { InspectedLayer } from '../../../shared/model/inspection.ts';

/** Fewer layers than these are shown one by one: two rows are hardly longer than one that sums them up. */
const MIN_RUN = 3;

/**
 * Layers in their order, those in one list that lie next to each other and read alike: the same state with the same marks.
 * Fewer than three stand alone, and so does one that `isAlone`.
 */
export function stackRuns(
  layers: readonly InspectedLayer[],
  isAlone: (layer: InspectedLayer) => boolean,
): readonly (readonly InspectedLayer[])[] {
  const runs: InspectedLayer[][] = [];
  let last: InspectedLayer | undefined;
  for (const layer of layers) {
    const joins = last !== undefined && !isAlone(last) && !isAlone(layer) && isAlike(last, layer);
    if (joins) runs.at(-1)?.push(layer);
    else runs.push([layer]);
    last = layer;
  }
  return runs.flatMap(run => (run.length < MIN_RUN ? run.map(layer => [layer]) : [run]));
}

function isAlike({ word: one }: InspectedLayer, { word: other }: InspectedLayer): boolean {
  return stateOf(one) === stateOf(other) && presentBits(one) === presentBits(other);
}
