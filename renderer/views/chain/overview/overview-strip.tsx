import { useCallback, useRef } from 'react';
import { paintOverview } from '../../../../shared/draw/paint-overview.ts';
import type { OpenedChain } from '../../../../shared/model/chain.ts';
import { formatSize } from '../../../../shared/text/offset.ts';
import { createImageSurface } from '../../../canvas/image-surface.ts';
import { showImage } from '../../../canvas/show-image.ts';
import { dataOf } from '../../../state/axes/axis-data.ts';
import { navigationOf } from '../../../state/axes/axis-navigation.ts';
import { overviewStrip } from '../../../state/chain/chain-data.ts';
import { useStore } from '../../../state/store.ts';
import { fadedParts, shownMarks } from '../../../state/window/highlight.ts';
import { FindingTicks } from '../../../ui/axis/finding-ticks.tsx';
import { OverviewBrush } from '../../../ui/axis/overview-brush.tsx';
import { useCanvasSize } from '../../../ui/hooks/use-canvas-size.ts';
import { usePainter } from '../../../ui/hooks/use-painter.ts';
import { useColorSet } from '../../../ui/theme.ts';

/** The whole disk, always: what the guest reads, where marks are, and which part is in view. */
export function OverviewStrip({ chain }: { readonly chain: OpenedChain }) {
  const ref = useRef<HTMLCanvasElement>(null);
  const { width, height } = useCanvasSize(ref);
  const colorSet = useColorSet();
  const highlighted = useStore(state => state.highlighted);
  const drawn = useRef('');
  const paint = useCallback(() => {
    const canvas = ref.current;
    const key = `${width} ${height} ${dataOf('guest').overviewRevision} ${colorSet.lane} ${[...highlighted]}`;
    if (canvas === null || width === 0 || height === 0 || drawn.current === key) return;
    drawn.current = key;
    const unit = Math.max(1, Math.round(devicePixelRatio));
    const { image, surface } = createImageSurface({ width, height }, unit);
    const strips = chain.tracks.map(track => overviewStrip(track.id, chain.chain.size, width));
    paintOverview(surface, strips, colorSet, unit, {
      faded: fadedParts(highlighted),
      marks: shownMarks(highlighted),
    });
    showImage(canvas, image);
  }, [width, height, colorSet, chain, highlighted]);
  usePainter(paint);
  return (
    <div className="overview-row">
      <div className="row-head">
        <span>Whole disk</span>
        <b>{formatSize(chain.chain.size)}</b>
      </div>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the brush inside has the keys */}
      <div className="overview" onDoubleClick={() => navigationOf('guest').fitAll()}>
        <canvas ref={ref} />
        <FindingTicks part="disk" />
        <OverviewBrush axis="guest" />
      </div>
    </div>
  );
}
