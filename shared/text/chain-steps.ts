/** What a check has looked at beside the tables of each layer, and what it could not look at: the same for every front. */
import { type CheckCounts, type CheckStep, stepDone, stepLeftOut, stepMissing } from '../model/check.ts';
import type { BackingLink, LayerInfo } from '../model/layer.ts';
import { formatSize } from './offset.ts';

/** True where a finding of that code is about that layer. */
export type IsFound = (layer: number, code: string) => boolean;

/**
 * The checks of a chain as a whole, base first: whether what its layers name was opened, and whether the format of a backing
 * file is known. `countsOf`: the numbers of a layer's check.
 */
export function chainSteps(
  layers: readonly LayerInfo[],
  countsOf: (layer: number) => CheckCounts | undefined,
  isFound: IsFound,
): CheckStep[] {
  const links = layers.flatMap(layer => linkSteps(layer, countsOf(layer.index)));
  return [...links, ...formatSteps(layers, isFound)];
}

/** What of a layer's links was followed. Tables are checked without the data file: that consent is lacking misses nothing. */
function linkSteps(
  { name, size, clusterSize, backing, dataFile }: LayerInfo,
  counts: CheckCounts | undefined,
): CheckStep[] {
  const held = Math.min(size, (counts?.allocatedClusters ?? 0) * clusterSize);
  const left =
    counts === undefined
      ? ''
      : `; ${formatSize(held)} of the disk's ${formatSize(size)} are in this layer, and what the rest holds is not known`;
  const below = linkStep(`backing file of ${name}`, backing, left);
  if (dataFile === undefined) return below;
  const title = `data file of ${name}`;
  const isLeftOut = dataFile.status === 'needsConsent' || dataFile.error?.code === 'NOT_CAPTURED';
  if (!isLeftOut) return [...below, ...linkStep(title, dataFile, '')];
  return [...below, stepLeftOut(title, dataFile.error?.what ?? 'consent is needed')];
}

function linkStep(title: string, { status, error }: BackingLink, left: string): CheckStep[] {
  if (status === 'none') return [];
  return [status === 'opened' ? stepDone(title) : stepMissing(title, `${error?.what ?? status}${left}`)];
}

/**
 * Backing files that can be read in two ways, since no format is recorded for them: one reading was checked. The verdict
 * is incomplete then, not that of exit code 3, which is for leaks here.
 */
function formatSteps(layers: readonly LayerInfo[], isFound: IsFound): CheckStep[] {
  return layers
    .filter(({ index }) => isFound(index, 'CHAIN_FORMAT_BY_CONTENT'))
    .map(({ name, format }) => {
      const why = `no format is recorded for it: it was checked as ${format}, and not as other readers take it`;
      return stepMissing(`format of ${name}`, why);
    });
}
