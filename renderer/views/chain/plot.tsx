import { useCallback, useEffect, useRef } from 'react';
import type { OpenedChain } from '../../../shared/model/chain.ts';
import { clampViewport } from '../../axis/viewport.ts';
import { requestDraw } from '../../canvas/frame.ts';
import { currentLoader } from '../../state/chain/chain-data.ts';
import { bounds, show } from '../../state/navigation/navigation.ts';
import { getState, setState } from '../../state/store.ts';
import { usePainter } from '../../ui/hooks/use-painter.ts';
import { Axis } from './axis-ruler.tsx';
import { LaneList } from './lanes/lane-list.tsx';
import { Crosshair } from './overlay/crosshair.tsx';
import { GridLines } from './overlay/grid-lines.tsx';
import { PlaceOverlay } from './overlay/selection-bands.tsx';
import { OverviewStrip } from './overview/overview-strip.tsx';

/** Everything that shares the guest's axis: overview, axis, lanes, and what lies over them. */
export function Plot({ chain }: { readonly chain: OpenedChain }) {
  const ref = useRef<HTMLDivElement>(null);
  const ask = useCallback(() => {
    const { viewport, width } = getState();
    const columns = Math.round(width * devicePixelRatio);
    if (columns > 0) currentLoader()?.wish({ view: viewport, columns, overviewColumns: columns });
  }, []);
  usePainter(ask);
  useEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => {
      const width = element.clientWidth;
      if (width === 0 || width === getState().width) return;
      setState({ width });
      show(clampViewport(getState().viewport, bounds()), false);
      requestDraw();
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return (
    <div className="plot">
      <div className="plot-content">
        <GridLines />
        <div className="plot-measure" ref={ref} />
        <OverviewStrip chain={chain} />
        <Axis chain={chain} />
        <LaneList chain={chain} />
        <PlaceOverlay />
        <Crosshair chain={chain} />
      </div>
    </div>
  );
}
