import type { OpenedChain } from '../../../shared/model/chain.ts';
import { useStore } from '../../state/store.ts';
import { LastError } from '../frame/last-error.tsx';
import { LinkNotice } from '../frame/link-notice.tsx';
import { StatusBar } from '../frame/status-bar.tsx';
import { Toolbar } from '../frame/toolbar.tsx';
import { Inspector } from '../inspector/inspector.tsx';
import { Legend } from './legend.tsx';
import { Plot } from './plot.tsx';
import { SnapshotBar } from './snapshot-bar.tsx';

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
