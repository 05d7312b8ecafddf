import { useRef } from 'react';
import type { OpenedChain } from '../../../shared/model/chain.ts';
import { useStore } from '../../state/store.ts';
import { AxisRuler } from '../../ui/axis/axis-ruler.tsx';
import { GridLines } from '../../ui/axis/grid-lines.tsx';
import { useAxisArea } from '../../ui/hooks/use-axis-area.ts';
import { LaneList } from './lanes/lane-list.tsx';
import { Crosshair } from './overlay/crosshair.tsx';
import { SelectionBands } from './overlay/selection-bands.tsx';
import { OverviewStrip } from './overview/overview-strip.tsx';
import { PartitionTrack } from './partitions/partition-track.tsx';
import { useRangeDrag } from './use-range-drag.ts';

/** Everything that lies along the guest axis: overview, ruler, lanes, and what is drawn over them. */
export function Plot({ chain }: { readonly chain: OpenedChain }) {
  const area = useRef<HTMLDivElement>(null);
  useAxisArea('guest', area);
  const drag = useRangeDrag(chain);
  const hasPartitions = useStore(({ partitions }) => partitions.phase === 'read');
  return (
    <div className="plot">
      <div className="plot-content" data-partitions={hasPartitions}>
        <GridLines axis="guest" />
        <div className="plot-measure" ref={area} />
        <OverviewStrip chain={chain} />
        <PartitionTrack />
        <AxisRuler axis="guest" handlers={drag} />
        <LaneList chain={chain} />
        <SelectionBands />
        <Crosshair chain={chain} />
      </div>
    </div>
  );
}
