/** Names of layers in the sentences of a plan. */
import { expect, it } from 'vitest';
import { quotedLayer, quotedName } from '../../../electron/plan/layer-names.ts';

const layers = ['disk.qcow2', 'mid.qcow2', 'disk.qcow2'].map((name, index) => ({ name, index }));

it('gives a name that one layer has alone in quotation marks', () => {
  expect(
    quotedName(
      layers.map(info => ({ info })),
      1,
    ),
  ).toBe('"mid.qcow2"');
});

it('gives a name that several layers have with the number of the layer', () => {
  expect(layers.map(layer => quotedLayer(layer, layers))).toEqual([
    '"disk.qcow2" (layer 0)',
    '"mid.qcow2"',
    '"disk.qcow2" (layer 2)',
  ]);
});

it('gives no name for a layer that does not exist', () => {
  expect(quotedName([], 3)).toBe('""');
});
