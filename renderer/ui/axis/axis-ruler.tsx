import { type HTMLAttributes, useCallback, useMemo, useRef } from 'react';
import { pixelOf } from '../../../shared/draw/color-set.ts';
import { type AxisColors, paintAxis } from '../../../shared/draw/paint-axis.ts';
import { formatSize } from '../../../shared/text/offset.ts';
import type { AxisId } from '../../axis/axis-id.ts';
import { bytesInView } from '../../axis/viewport.ts';
import { createImageSurface, type ImageSurface } from '../../canvas/image-surface.ts';
import { showImage } from '../../canvas/show-image.ts';
import { createTextMasks } from '../../canvas/text-masks.ts';
import { getAxis } from '../../state/store.ts';
import { useCanvasSize } from '../hooks/use-canvas-size.ts';
import { usePainter } from '../hooks/use-painter.ts';
import { setText } from '../text.tsx';
import { hexOfComputed, useColorSet } from '../theme.ts';

interface AxisRulerProps {
  readonly axis: AxisId;
  /** What the pointer does on it. */
  readonly handlers: HTMLAttributes<HTMLDivElement>;
}

/** The ticks and offsets of an axis, and the bytes in view beside them. */
export function AxisRuler({ axis, handlers }: AxisRulerProps) {
  const ref = useRef<HTMLCanvasElement>(null);
  const span = useRef<HTMLElement>(null);
  const size = useCanvasSize(ref);
  const colorSet = useColorSet();
  const painting = useMemo(() => {
    if (size.width === 0 || size.height === 0) return undefined;
    return { colorSet, drawn: '', picture: undefined as AxisPicture | undefined };
  }, [size, colorSet]);
  const paint = useCallback(() => {
    const canvas = ref.current;
    const { viewport, width, size: bytes } = getAxis(axis);
    const key = `${viewport.start} ${viewport.end} ${width}`;
    if (canvas === null || width === 0 || painting === undefined || painting.drawn === key) return;
    painting.drawn = key;
    painting.picture ??= createPicture(canvas, size);
    const { image, surface, colors } = painting.picture;
    paintAxis(surface, viewport, width, colors);
    showImage(canvas, image);
    setText(span.current, formatSize(bytesInView(viewport, bytes)));
  }, [painting, size, axis]);
  usePainter(paint);
  return (
    <div className="axis-row">
      <div className="row-head">
        <span>In view</span>
        <b ref={span} />
      </div>
      <div className="axis" {...handlers}>
        <canvas ref={ref} />
      </div>
    </div>
  );
}

interface AxisPicture extends ImageSurface {
  readonly colors: AxisColors;
}

/** A picture as the style sheet has the canvas: color of the offsets, fill of the sizes, stroke of the ticks. */
function createPicture(
  canvas: HTMLCanvasElement,
  size: { readonly width: number; readonly height: number },
): AxisPicture {
  const { backgroundColor, color, fill, stroke, fontSize, fontFamily } = getComputedStyle(canvas);
  const unit = Math.max(1, Math.round(devicePixelRatio));
  const texts = createTextMasks(`${Number.parseFloat(fontSize) * unit}px ${fontFamily}`);
  return {
    ...createImageSurface(size, unit, texts, true),
    colors: {
      ground: pixelOf(hexOfComputed(backgroundColor)),
      line: pixelOf(hexOfComputed(stroke)),
      offset: pixelOf(hexOfComputed(color)),
      size: pixelOf(hexOfComputed(fill)),
    },
  };
}
