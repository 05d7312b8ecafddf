import type { ComponentType } from 'react';
import type { OpenedChain } from '../../shared/model/chain.ts';
import type { ViewInfo } from '../state/view-info.ts';

/** What each part of a view is given. */
export interface ViewProps {
  readonly chain: OpenedChain;
}

/** A view of the opened chain, as it is registered. The frame around it is the same for all views. */
export interface View extends ViewInfo {
  /** Fills the main area. */
  readonly component: ComponentType<ViewProps>;
  /** The row below it that names what it draws. */
  readonly legend?: ComponentType<ViewProps>;
  /** True where the view says itself what is known of the selection: the inspector is not shown beside it. */
  readonly explains?: true;
  /** With the drawer of lists below it. */
  readonly drawer?: true;
}
