import { useCallback, useMemo, useRef } from 'react';
import type { HostLayout } from '../../../shared/model/layout.ts';
import { formatSize } from '../../../shared/text/offset.ts';
import { showImage } from '../../canvas/show-image.ts';
import { dataOf } from '../../state/axes/axis-data.ts';
import { navigationOf } from '../../state/axes/axis-navigation.ts';
import { useStore } from '../../state/store.ts';
import { FindingTicks } from '../../ui/axis/finding-ticks.tsx';
import { OverviewBrush } from '../../ui/axis/overview-brush.tsx';
import { useCanvasSize } from '../../ui/hooks/use-canvas-size.ts';
import { usePainter } from '../../ui/hooks/use-painter.ts';
import { useColorSet } from '../../ui/theme.ts';
import { createHostPicture, drawHost, kindColors } from './host-painting.ts';

/** The whole file, always, and which part of it is in view. */
export function HostOverview({ layout }: { readonly layout: HostLayout }) {
  const ref = useRef<HTMLCanvasElement>(null);
  const size = useCanvasSize(ref);
  const colorSet = useColorSet();
  const highlighted = useStore(state => state.host.highlighted);
  const painting = useMemo(() => {
    if (size.width === 0 || size.height === 0) return undefined;
    return {
      picture: createHostPicture(size),
      colors: kindColors(colorSet, highlighted),
      colorSet,
      drawn: -1,
    };
  }, [size, colorSet, highlighted]);
  const paint = useCallback(() => {
    const { revision } = dataOf('host');
    if (ref.current === null || painting === undefined || painting.drawn === revision) return;
    painting.drawn = revision;
    drawHost(
      painting.picture,
      { start: 0, end: layout.fileLength },
      painting.colors,
      painting.colorSet,
      false,
    );
    showImage(ref.current, painting.picture.image);
  }, [painting, layout]);
  usePainter(paint);
  return (
    <div className="overview-row">
      <div className="row-head">
        <span>Whole file</span>
        <b>{formatSize(layout.fileLength)}</b>
      </div>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the brush inside has the keys */}
      <div className="overview" onDoubleClick={() => navigationOf('host').fitAll()}>
        <canvas ref={ref} />
        <FindingTicks part="file" />
        <OverviewBrush axis="host" />
      </div>
    </div>
  );
}
