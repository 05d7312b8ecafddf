/** What the window knows of the layout of one layer's file. */
import type { HostCluster, HostKind, HostLayout } from '../../../shared/model/layout.ts';

/** The layer that is shown, how far its map is, and the cluster that is chosen in it. */
export interface HostState {
  /** -1 while none was asked for. */
  readonly layer: number;
  readonly map:
    | { readonly phase: 'none' | 'mapping' }
    | { readonly phase: 'mapped'; readonly layout: HostLayout; readonly dataRuns: number }
    | { readonly phase: 'refused'; readonly why: string };
  /** The offset that is chosen, and what refers to its cluster once that is looked up. */
  readonly chosen: { readonly offset: number; readonly cluster?: HostCluster } | undefined;
  /** Kinds that are highlighted; all are shown alike where there are none. */
  readonly highlighted: ReadonlySet<HostKind>;
}

/** No file is shown. */
export const NO_HOST: HostState = {
  layer: -1,
  map: { phase: 'none' },
  chosen: undefined,
  highlighted: new Set<HostKind>(),
};
