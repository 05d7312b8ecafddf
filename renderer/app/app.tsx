import { useEffect, useLayoutEffect } from 'react';
import { titleOf } from '../state/chain/snapshots.ts';
import { useStore } from '../state/store.ts';
import { offerViews } from '../state/views.ts';
import { LiveRegion } from '../ui/live-region.tsx';
import type { View } from '../ui/view.ts';
import { Dialogs } from '../views/dialogs/dialogs.tsx';
import { VIEWS } from '../views/registry.ts';
import { StartScreen } from '../views/start/start-screen.tsx';
import { StoreScreen } from '../views/store/store-screen.tsx';
import { DropTarget } from './drop-target.tsx';
import { Frame } from './frame.tsx';

/** The whole window: the start screen, the images of folders or an opened chain, the dialogs over it, and what is dropped on it. */
export function App({ views = VIEWS }: { readonly views?: readonly View[] }) {
  const chain = useStore(state => state.chain);
  const folders = useStore(state => state.folders);
  useLayoutEffect(() => offerViews(views), [views]);
  useEffect(() => {
    document.title = chain === undefined ? 'cowscope' : `${titleOf(chain)} – cowscope`;
  }, [chain]);
  return (
    <DropTarget>
      {chain !== undefined ? (
        <Frame key={chain.sessionId} chain={chain} views={views} />
      ) : folders !== undefined ? (
        <StoreScreen folders={folders} />
      ) : (
        <StartScreen />
      )}
      <Dialogs />
      <LiveRegion />
    </DropTarget>
  );
}
