import { useCallback, useRef } from 'react';
import { differenceColors } from '../../../shared/draw/difference-colors.ts';
import { paintOverview } from '../../../shared/draw/paint-overview.ts';
import { formatSize } from '../../../shared/text/offset.ts';
import { createImageSurface } from '../../canvas/image-surface.ts';
import { showImage } from '../../canvas/show-image.ts';
import { dataOf } from '../../state/axes/axis-data.ts';
import { navigationOf } from '../../state/axes/axis-navigation.ts';
import { differenceOverview } from '../../state/compare/compared-strips.ts';
import { OverviewBrush } from '../../ui/axis/overview-brush.tsx';
import { useCanvasSize } from '../../ui/hooks/use-canvas-size.ts';
import { usePainter } from '../../ui/hooks/use-painter.ts';
import { useColorSet } from '../../ui/theme.ts';

/** The differences of the whole disks, and which part is in view. */
export function DifferenceOverview({ size }: { readonly size: number }) {
  const ref = useRef<HTMLCanvasElement>(null);
  const { width, height } = useCanvasSize(ref);
  const colorSet = useColorSet();
  const drawn = useRef('');
  const paint = useCallback(() => {
    const key = `${width} ${height} ${dataOf('compare').overviewRevision} ${colorSet.lane}`;
    if (ref.current === null || width === 0 || height === 0 || drawn.current === key) return;
    drawn.current = key;
    const unit = Math.max(1, Math.round(devicePixelRatio));
    const { image, surface } = createImageSurface({ width, height }, unit);
    paintOverview(surface, [differenceOverview(size, width)], differenceColors(colorSet), unit);
    showImage(ref.current, image);
  }, [width, height, colorSet, size]);
  usePainter(paint);
  return (
    <div className="overview-row">
      <div className="row-head">
        <span>Whole disks</span>
        <b>{formatSize(size)}</b>
      </div>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the brush inside has the keys */}
      <div className="overview" onDoubleClick={() => navigationOf('compare').fitAll()}>
        <canvas ref={ref} />
        <OverviewBrush axis="compare" />
      </div>
    </div>
  );
}
