import type { OpenedChain } from '../../shared/ipc/contract.ts';
import { set, useStore } from '../state/store.ts';
import { ErrorCard } from './error-card.tsx';
import { Inspector } from './inspector.tsx';
import { Legend } from './legend.tsx';
import { LinkNotice } from './link-notice.tsx';
import { Plot } from './plot.tsx';
import { StatusBar } from './status-bar.tsx';
import { Toolbar } from './toolbar.tsx';

/** The home of an opened chain. */
export function ChainView({ chain }: { readonly chain: OpenedChain }) {
  const error = useStore(state => state.error);
  const inspectorOpen = useStore(state => state.inspectorOpen);
  return (
    <div className="chain-view">
      <Toolbar chain={chain} />
      <main className="chain-main">
        <LinkNotice chain={chain} />
        {error !== undefined && <ErrorCard error={error} onDismiss={() => set({ error: undefined })} />}
        <Plot chain={chain} />
      </main>
      {inspectorOpen && <Inspector chain={chain} />}
      <Legend />
      <StatusBar chain={chain} />
    </div>
  );
}
