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
