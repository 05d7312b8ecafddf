import type { ComponentType } from 'react';
import type { ViewProps } from './view.ts';

/** A list in the drawer below the tracks, as it is registered. */
export interface DrawerTab {
  /** Stable: what is kept of the drawer names it. */
  readonly id: string;
  /** Its name in the window. */
  readonly title: string;
  /** Fills the drawer while its tab is chosen, and scrolls by itself. */
  readonly component: ComponentType<ViewProps>;
}
