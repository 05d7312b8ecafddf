import type { OpenedChain } from '../../shared/ipc/contract.ts';
import { useStore } from '../state/store.ts';
import { Inspector } from './inspector.tsx';
import { LastError } from './last-error.tsx';
import { Legend } from './legend.tsx';
import { LinkNotice } from './link-notice.tsx';
import { Plot } from './plot.tsx';
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
