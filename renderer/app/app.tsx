import { useEffect } from 'react';
import { titleOf } from '../state/chain/snapshots.ts';
import { useStore } from '../state/store.ts';
import { LiveRegion } from '../ui/live-region.tsx';
import { Dialogs } from '../views/dialogs/dialogs.tsx';
import { EmptyView } from '../views/start/start-screen.tsx';
import { DropTarget } from './drop-target.tsx';
import { ChainView } from './frame.tsx';

/** The whole window: the empty state or a chain, the dialogs over it, and what is dropped on it. */
export function App() {
  const chain = useStore(state => state.chain);
  useEffect(() => {
    document.title = chain === undefined ? 'cowscope' : `${titleOf(chain)} – cowscope`;
  }, [chain]);
  return (
    <DropTarget>
      {chain === undefined ? <EmptyView /> : <ChainView key={chain.sessionId} chain={chain} />}
      <Dialogs />
      <LiveRegion />
    </DropTarget>
  );
}
