import { useRef } from 'react';
import { COMPARED_TRACKS, type ComparedDiskInfo } from '../../../shared/model/comparison.ts';
import { formatSize } from '../../../shared/text/offset.ts';
import type { ComparisonView } from '../../state/compare/compare-state.ts';
import { useStore } from '../../state/store.ts';
import { AxisRuler } from '../../ui/axis/axis-ruler.tsx';
import { GridLines } from '../../ui/axis/grid-lines.tsx';
import { useAxisArea } from '../../ui/hooks/use-axis-area.ts';
import type { ViewProps } from '../../ui/view.ts';
import { ChosenBand } from './chosen-band.tsx';
import { CompareHead } from './compare-head.tsx';
import { CompareLegend } from './compare-legend.tsx';
import { CompareStart } from './compare-start.tsx';
import { ComparedLane } from './compared-lane.tsx';
import { DifferenceLine } from './difference-line.tsx';
import { DifferenceList } from './difference-list.tsx';
import { DifferenceOverview } from './difference-overview.tsx';
import { KindFilter } from './kind-filter.tsx';

/** Two disks on one axis, what they are to each other, and the list of their differences. */
export function CompareView({ chain }: ViewProps) {
  const { isOpening, comparison } = useStore(state => state.compare);
  if (comparison === undefined) return <CompareStart chain={chain} isOpening={isOpening} />;
  return (
    <div className="compare-view">
      <CompareHead comparison={comparison} />
      <KindFilter comparison={comparison} />
      <ComparePlot comparison={comparison} />
      <CompareLegend />
      <DifferenceLine comparison={comparison} />
      <DifferenceList comparison={comparison} />
    </div>
  );
}

function ComparePlot({ comparison }: { readonly comparison: ComparisonView }) {
  const area = useRef<HTMLDivElement>(null);
  useAxisArea('compare', area);
  const { a, b, size } = comparison.opened;
  return (
    <div className="plot">
      <div className="plot-content">
        <GridLines axis="compare" />
        <div className="plot-measure" ref={area} />
        <DifferenceOverview size={size} />
        <AxisRuler axis="compare" handlers={{}} />
        <div className="lanes" style={{ '--count': 3 } as React.CSSProperties}>
          <ComparedLane track={COMPARED_TRACKS.a} side="A" title={a.title} facts={factsOf(a)} />
          <ComparedLane track={COMPARED_TRACKS.b} side="B" title={b.title} facts={factsOf(b)} />
          <ComparedLane track={COMPARED_TRACKS.difference} title="Difference" facts="A against B" />
        </div>
        <ChosenBand />
      </div>
    </div>
  );
}

function factsOf({ size, layers }: ComparedDiskInfo): string {
  return `${formatSize(size)} · ${layers.length === 1 ? '1 layer' : `${layers.length} layers`}`;
}
