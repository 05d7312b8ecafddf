/** How a target is opened: what the fronts may choose. */
import type { Consent } from '../../shared/model/target.ts';

/** Which witnesses read the layers. Raw layers and URIs are always read over NBD. */
export type WitnessChoice = 'metadata' | 'nbd' | 'both';

/** How a target is opened. */
export interface SessionOptions {
  readonly consent: Consent;
  /** Default both: metadata draws first, nbd confirms. */
  readonly witness?: WitnessChoice;
  /** Read every page in the background and keep it (the window); default true. */
  readonly keep?: boolean;
  /** Open images that another process has locked; what is read may change under us. */
  readonly share?: boolean;
  /**
   * The address was given by the person at the keyboard, so that the key files it names may be read. Default false: they
   * are read only where `consent` names them.
   */
  readonly allowLocalFiles?: boolean;
  /** Extents held in memory before exact pages are dropped, or a server is refused. Default 150 million. */
  readonly extentBudget?: number;
  /**
   * A window shows the chain, and may show another one next: its first picture comes before the rest is read, and once
   * this chain is drawn or closed, a thread is started for the next, which outlives the session. Default false.
   */
  readonly interactive?: boolean;
  /** Ends the opening; an open session is ended by its close(). */
  readonly signal?: AbortSignal;
}
