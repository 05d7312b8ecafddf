import type { OpenedChain } from '../../shared/model/chain.ts';
import { useStore } from '../state/store.ts';
import { LastError } from '../ui/last-error.tsx';
import { Legend } from '../views/chain/legend.tsx';
import { Plot } from '../views/chain/plot.tsx';
import { Inspector } from '../views/inspector/inspector.tsx';
import { LinkNotice } from './link-notice.tsx';
import { SnapshotBar } from './snapshot-bar.tsx';
import { StatusBar } from './status-bar.tsx';
import { Toolbar } from './toolbar.tsx';

/** The home of an opened chain. */
export function ChainView({ chain }: { readonly chain: OpenedChain }) {
  const inspectorOpen = useStore(state => state.inspectorOpen);
  return (
    <div className="chain-view">
      <Toolbar chain={chain} />
      <main className="chain-main">
        <SnapshotBar chain={chain} />
        <LinkNotice chain={chain} />
        <LastError />
        <Plot chain={chain} />
      </main>
      {inspectorOpen && <Inspector chain={chain} />}
      <Legend chain={chain} />
      <StatusBar chain={chain} />
    </div>
  );
}
