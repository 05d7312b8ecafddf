/** The rows of `cowscope compare` as comma-separated values: docs/formats/compare.md. */
import type { ComparedState, Difference } from '../../shared/model/comparison.ts';
import type { CompareJsonSide } from './compare-json.ts';
import { csvRow } from './csv.ts';

/** The names of the columns. */
export const COMPARE_CSV_HEAD = csvRow([
  'start',
  'length',
  'kind',
  'a_state',
  'a_layer',
  'a_lost',
  'b_state',
  'b_layer',
  'b_lost',
]);

/** Rows, one a line. */
export function compareCsvRows(
  rows: readonly Difference[],
  [a, b]: readonly [CompareJsonSide, CompareJsonSide],
): string {
  return rows
    .map(row => csvRow([row.start, row.length, row.kind, ...sideValues(row.a, a), ...sideValues(row.b, b)]))
    .join('');
}

/** Layers of an export of a chain have no numbers. */
function sideValues({ state, layer, lost }: ComparedState, { chain }: CompareJsonSide): (string | number)[] {
  const isNumbered = layer >= 0 && chain.layers[0]?.format !== 'nbd';
  return [state, isNumbered ? layer : '', lost === true ? 'yes' : ''];
}
