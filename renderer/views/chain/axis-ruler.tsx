import { useCallback, useMemo, useRef } from 'react';
import { pixel } from '../../../shared/draw/color-set.ts';
import { type AxisStyle, paintAxis } from '../../../shared/draw/paint-axis.ts';
import type { OpenedChain } from '../../../shared/model/chain.ts';
import { formatSize } from '../../../shared/text/offset.ts';
import { showImage } from '../../canvas/show-image.ts';
import { createTexts } from '../../canvas/text-masks.ts';
import { getState } from '../../state/store.ts';
import { useCanvasSize } from '../../ui/hooks/use-canvas-size.ts';
import { usePainter } from '../../ui/hooks/use-painter.ts';
import { setText } from '../../ui/text.tsx';
import { hexOf, useInk } from '../../ui/theme.ts';
import { RangeChip } from './overlay/range-chip.tsx';
import { useAxisDrag } from './use-axis-drag.ts';

/** The axis of the lanes; dragging on it chooses a range. */
export function Axis({ chain }: { readonly chain: OpenedChain }) {
  const ref = useRef<HTMLCanvasElement>(null);
  const span = useRef<HTMLElement>(null);
  const size = useCanvasSize(ref);
  const ink = useInk();
  const drag = useAxisDrag(chain);
  const painting = useMemo(() => {
    if (size.width === 0 || size.height === 0) return undefined;
    const image = new ImageData(size.width, size.height);
    const pixels = new Uint32Array(image.data.buffer);
    return { ink, image, raster: { ...size, pixels }, drawn: '', style: undefined as AxisStyle | undefined };
  }, [size, ink]);
  const paint = useCallback(() => {
    const canvas = ref.current;
    const { viewport, width } = getState();
    const key = `${viewport.start} ${viewport.end} ${width}`;
    if (canvas === null || width === 0 || painting === undefined || painting.drawn === key) return;
    painting.drawn = key;
    const { image, raster } = painting;
    painting.style ??= styleOf(canvas);
    paintAxis(raster, viewport, width, painting.style);
    showImage(canvas, image);
    setText(span.current, formatSize(Math.round(viewport.end - viewport.start)));
  }, [painting]);
  usePainter(paint);
  return (
    <div className="axis-row">
      <div className="row-head">
        <span>In view</span>
        <b ref={span} />
      </div>
      <div className="axis" {...drag}>
        <canvas ref={ref} />
        <RangeChip />
      </div>
    </div>
  );
}

/** The look that the style sheet gives the canvas: color of the offsets, fill of the sizes, stroke of the ticks. */
function styleOf(canvas: HTMLCanvasElement): AxisStyle {
  const { backgroundColor, color, fill, stroke, fontSize, fontFamily } = getComputedStyle(canvas);
  const unit = Math.max(1, Math.round(devicePixelRatio));
  return {
    ground: pixel(hexOf(backgroundColor)),
    line: pixel(hexOf(stroke)),
    offset: pixel(hexOf(color)),
    size: pixel(hexOf(fill)),
    text: createTexts(`${Number.parseFloat(fontSize) * unit}px ${fontFamily}`),
  };
}
