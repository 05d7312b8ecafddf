import { stateOf } from '../../../shared/extent/flags.ts';
import type { LayerInfo } from '../../../shared/model/layer.ts';
import { getState } from '../store.ts';
import type { CopiedBytes } from './copy-forms.ts';
import { selectedExtent } from './selection.ts';

/** What the copies of the context menu are of: the range, else what is selected. Undefined with nothing selected. */
export function copiedBytes(): CopiedBytes | undefined {
  const { chain, range, selection } = getState();
  const extent = range ?? selectedExtent();
  if (chain === undefined || extent === undefined) return undefined;
  const { layers } = chain.chain;
  const track = chain.tracks.find(({ id }) => id === selection?.track);
  const layer = track === undefined || track.kind === 'guest' ? layers.at(-1) : layers[track.layer];
  const image =
    layer === undefined || layer.format === 'nbd' ? undefined : { path: layer.path, format: layer.format };
  const stored = range === undefined ? storedBytes(layers) : undefined;
  return {
    start: extent.start,
    end: extent.end,
    ...(image === undefined ? {} : { image }),
    ...(stored === undefined ? {} : { stored }),
  };
}

/** The rest of the cluster that holds the inspected byte, in the file where it lies as it is. */
function storedBytes(layers: readonly LayerInfo[]): CopiedBytes['stored'] {
  const { inspection, selection, chain } = getState();
  if (inspection === undefined || selection === undefined) return undefined;
  const isGuest = chain?.tracks[selection.track]?.kind === 'guest';
  const found = inspection.layers.find(layer =>
    isGuest ? layer.layer === inspection.owner : layer.track === selection.track,
  );
  const layer = layers[found?.layer ?? -1];
  if (found === undefined || layer === undefined || found.hostOffset < 0) return undefined;
  if (stateOf(found.word) !== 'data' || layer.qcow2?.encryption !== 'none') return undefined;
  const path = layer.dataFile === undefined ? layer.path : layer.dataFile.resolved;
  const inside = inspection.offset % found.clusterSize;
  return path === '' ? undefined : { path, offset: found.hostOffset - inside, length: found.clusterSize };
}
