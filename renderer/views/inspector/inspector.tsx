import { useDeferredValue } from 'react';
import type { OpenedChain } from '../../../shared/model/chain.ts';
import { clearSelection } from '../../state/selection/selection.ts';
import { useStore } from '../../state/store.ts';
import { INSPECTOR_WIDTH_PX, resizeInspector } from '../../state/window/preferences.ts';
import { Divider } from '../../ui/divider.tsx';
import { FindingList } from '../../ui/finding-list.tsx';
import { Icon } from '../../ui/icon.tsx';
import { ChainSummary } from './chain-summary.tsx';
import { InspectorColumn } from './inspector-column.tsx';
import { InspectorEvidence } from './inspector-evidence.tsx';
import { InspectorStack } from './inspector-stack.tsx';
import { InspectorWhat } from './inspector-what.tsx';
import { InspectorWhere } from './inspector-where.tsx';
import { RangeStatistics } from './range-statistics.tsx';

/** Everything known about the selection, or about the chain while nothing is selected. */
export function Inspector({ chain }: { readonly chain: OpenedChain }) {
  const width = useStore(state => state.inspectorWidth);
  const selection = useStore(state => state.selection);
  const inspection = useStore(state => state.inspection);
  const range = useStore(state => state.range);
  const isFirstPictureDrawn = useDeferredValue(true, false); // the lanes come first, then the text beside them
  return (
    <aside className="inspector" style={{ width }} aria-label="Inspector">
      <Divider
        label="Width of the inspector"
        orientation="vertical"
        size={width}
        bounds={INSPECTOR_WIDTH_PX}
        onResize={resizeInspector}
      />
      <div className="inspector-scroll">
        {selection !== undefined && (
          <p className="inspector-back">
            <button type="button" className="quiet" onClick={clearSelection}>
              <Icon name="back" /> The whole chain
            </button>
          </p>
        )}
        {range !== undefined && <RangeStatistics chain={chain} range={range} />}
        {selection === undefined && isFirstPictureDrawn && <ChainSummary chain={chain} />}
        {selection?.column !== undefined && (
          <InspectorColumn chain={chain} track={selection.track} column={selection.column} />
        )}
        {selection !== undefined && selection.column === undefined && inspection === undefined && (
          <p className="hint pad">Looking…</p>
        )}
        {selection !== undefined && inspection !== undefined && (
          <>
            <InspectorWhat inspection={inspection} track={selection.track} chain={chain} />
            <FindingList chain={chain} at={inspection.offset} />
            <InspectorWhere inspection={inspection} track={selection.track} chain={chain} />
            <InspectorStack inspection={inspection} chain={chain} />
            <InspectorEvidence inspection={inspection} />
          </>
        )}
      </div>
    </aside>
  );
}
