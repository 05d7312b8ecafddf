import type { OpenedChain } from '../../shared/model/chain.ts';
import { useStore } from '../state/store.ts';
import { shownView } from '../state/views.ts';
import { useInspectorShown } from '../state/window/inspector.ts';
import { OpeningNote } from '../ui/opening-note.tsx';
import type { View } from '../ui/view.ts';
import { Inspector } from '../views/inspector/inspector.tsx';
import { DRAWER_TABS } from '../views/registry.ts';
import { CaptureNotice } from './capture-notice.tsx';
import { Drawer } from './drawer.tsx';
import { FormatNotice } from './format-notice.tsx';
import { InferredNotice } from './infer-notice.tsx';
import { LinkNotice } from './link-notice.tsx';
import { Notices } from './notices.tsx';
import { OrderNotice } from './order-notice.tsx';
import { SnapshotBar } from './snapshot-bar.tsx';
import { StatusBar } from './status-bar.tsx';
import { Toolbar } from './toolbar.tsx';

interface FrameProps {
  readonly chain: OpenedChain;
  readonly views: readonly View[];
}

/** The frame of an opened chain: the view that is shown, and what every view has around it. */
export function Frame({ chain, views }: FrameProps) {
  const inspectorOpen = useInspectorShown();
  const viewId = useStore(state => state.viewId);
  const view = shownView({ views, viewId });
  if (view === undefined) return null;
  const { component: Content, legend: Legend, explains } = view;
  return (
    <div className="frame">
      <Toolbar chain={chain} views={views} view={view} />
      <main className="frame-main">
        <SnapshotBar chain={chain} />
        <CaptureNotice chain={chain} />
        <LinkNotice chain={chain} />
        <OrderNotice />
        <FormatNotice chain={chain} />
        <InferredNotice chain={chain} />
        <OpeningNote />
        <div className="frame-content">
          <Content chain={chain} />
          <Notices chain={chain} />
        </div>
        {view.drawer === true && <Drawer chain={chain} tabs={DRAWER_TABS} />}
      </main>
      {inspectorOpen && explains !== true && <Inspector chain={chain} />}
      {Legend !== undefined && <Legend chain={chain} />}
      <StatusBar chain={chain} />
    </div>
  );
}
