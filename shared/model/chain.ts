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
