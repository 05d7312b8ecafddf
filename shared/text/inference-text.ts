/** How sure what is shown of a layer is, where its header or L1 table was inferred. */
import { confidenceText, type Inference, leastSure } from '../model/inference.ts';
import type { LayerInfo } from '../model/layer.ts';
import { escapeUntrusted } from './untrusted-text.ts';

/**
 * What is inferred of layers, such as `inferred, a guess: the L1 table of disk.qcow2 is lost`. The least sure one tells how
 * sure all of it is. Empty where nothing is inferred.
 */
export function inferredText(layers: readonly Pick<LayerInfo, 'name' | 'inference'>[]): string {
  const worst = leastSureOf(layers);
  if (worst === undefined) return '';
  const lost = layers.flatMap(({ name, inference }) =>
    inference === undefined ? [] : [`the ${inference.lost} of ${escapeUntrusted(name, 80)}`],
  );
  return `inferred, ${confidenceText(worst)}: ${lost.join(' and ')} ${lost.length === 1 ? 'is' : 'are'} lost`;
}

/** The inference of the layer that is known least surely; undefined where nothing is inferred. */
export function leastSureOf(layers: readonly Pick<LayerInfo, 'inference'>[]): Inference | undefined {
  const inferred = layers.flatMap(({ inference }) => (inference === undefined ? [] : [inference]));
  const confidence = leastSure(inferred.map(one => one.confidence));
  return (
    inferred.find(({ tables }) => tables?.placed === 0) ?? inferred.find(one => one.confidence === confidence)
  );
}
