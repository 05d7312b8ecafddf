/** How a target is opened: what the fronts may choose. Each option has the same name wherever it goes on from here. */
import type { Consent } from '../../shared/model/target.ts';
import type { DiscoveredChain } from '../chain/discover.ts';
import type { OnRead } from './progress/read-watch.ts';

/** Which witnesses read the layers. Raw layers and URIs are always read over NBD. */
export type WitnessChoice = 'metadata' | 'nbd' | 'both';

/** How a target is opened. */
export interface SessionOptions {
  readonly consent: Consent;
  /** Default both: metadata draws first, nbd confirms. */
  readonly witness?: WitnessChoice;
  /** Read every page in the background and build a pyramid (the window); default true. */
  readonly buildPyramid?: boolean;
  /** Open images that another process has locked; what is read may change under us. */
  readonly forceShare?: boolean;
  /**
   * The address was given outside the window, by the user of this machine, so the key files that it names may be read.
   * Default false: they are read only where `consent` names them.
   */
  readonly allowLocalFiles?: boolean;
  /** Extents held in memory before exact pages are dropped, or a server is refused. Default 150 million. */
  readonly extentBudget?: number;
  /** Of those, extents that came over NBD for layers that have metadata: what was compared is dropped. Default all. */
  readonly fedBudget?: number;
  /**
   * Optimize for an interactive window: paint before everything is read, run qemu-nbd at low priority, and prestart a
   * worker for the next chain (it outlives this session). Default false.
   */
  readonly interactive?: boolean;
  /** The files of the target, which are open already and are closed with the session. */
  readonly discovered?: DiscoveredChain;
  /** Called with the bytes that were searched to infer what a layer lost. */
  readonly onRead?: OnRead;
  /** Ends the opening; an open session is ended by its close(). */
  readonly signal?: AbortSignal;
}
