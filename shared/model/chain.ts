/** An opened chain as a front sees it. */
import type { ChainInfo } from './layer.ts';
import type { TrackInfo } from './track.ts';

/** What opening a target gives. The session lives until `chain:close` or until another target is opened. */
export interface OpenedChain {
  readonly sessionId: number;
  readonly chain: ChainInfo;
  /** Guest first, then the layers from top to base. */
  readonly tracks: readonly TrackInfo[];
}

/** True for the export of an NBD server: one layer to us, however many the server has. */
export function isRemote({ chain }: Pick<OpenedChain, 'chain'>): boolean {
  return chain.layers.some(layer => layer.format === 'nbd');
}

/** True where a layer has tables, in which damage can be seen: raw files and exports of servers have none. */
export function hasTables({ chain }: Pick<OpenedChain, 'chain'>): boolean {
  return chain.layers.some(({ format }) => format === 'qcow2' || format === 'qcow');
}

/** How many layers a chain has, or how many depths of a remote one were seen: `1 layer`, `2 of at least 3 layers`. */
export function layerCountText({ chain, tracks }: Pick<OpenedChain, 'chain' | 'tracks'>): string {
  const depths = tracks.filter(({ kind }) => kind === 'depth').length;
  const count = depths || chain.layers.length;
  const known = `${count} ${count === 1 ? 'layer' : 'layers'}`;
  const incomplete = isBackingUnknown(chain)
    ? `${known}, perhaps more`
    : `${count} of at least ${count + 1} layers`;
  const layers = chain.complete ? known : incomplete;
  return depths > 0 ? `${layers} seen by depth` : layers;
}

/** True where the lowest layer has lost its header, and with it whether there is a backing file. */
function isBackingUnknown({ layers }: ChainInfo): boolean {
  return layers[0]?.backing.error?.code === 'CHAIN_BACKING_UNKNOWN';
}

/** What is not known of a chain whose lowest layer names a backing file that is not open; empty for a complete one. */
export function incompleteChainText({ chain }: Pick<OpenedChain, 'chain'>): string {
  if (chain.complete) return '';
  if (isBackingUnknown(chain))
    return 'Incomplete: whether there is a backing file is not known, so it is not known what these layers hide there.';
  const why = chain.layers[0]?.backing.status === 'missing' ? 'is missing' : 'is not open';
  return `Incomplete: a backing file ${why}, so it is not known what these layers hide there.`;
}
