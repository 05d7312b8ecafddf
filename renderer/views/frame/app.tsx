import { useEffect } from 'react';
import { titleOf } from '../../state/snapshots.ts';
import { useStore } from '../../state/store.ts';
import { LiveRegion } from '../../ui/live-region.tsx';
import { ChainView } from '../chain/chain-view.tsx';
import { Dialogs } from '../dialogs/dialogs.tsx';
import { DropTarget } from '../start/drop-target.tsx';
import { EmptyView } from '../start/empty-view.tsx';

/** The whole window: the empty state or a chain, the dialogs over it, and what is dropped on it. */
export function App() {
  const chain = useStore(state => state.chain);
  useEffect(() => {
    document.title = chain === undefined ? 'cowscope' : `${titleOf(chain)} – cowscope`;
  }, [chain]);
  return (
    <DropTarget>
      {chain === undefined ? <EmptyView /> : <ChainView key={chain.session} chain={chain} />}
      <Dialogs />
      <LiveRegion />
    </DropTarget>
  );
}
