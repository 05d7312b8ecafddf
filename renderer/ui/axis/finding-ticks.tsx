import { useCallback, useRef } from 'react';
import { type ColorSet, hexColor } from '../../../shared/draw/color-set.ts';
import { pxOf } from '../../axis/scale.ts';
import type { Viewport } from '../../axis/viewport.ts';
import {
  axisOfPart,
  hasMarks,
  type MarkedPart,
  marksOf,
  marksRevision,
  requestMarks,
} from '../../state/finding-marks.ts';
import { getAxis, useStore } from '../../state/store.ts';
import { useCanvasDrawing } from '../hooks/use-canvas-drawing.ts';
import type { CanvasSize } from '../hooks/use-canvas-size.ts';
import { useFollower } from '../hooks/use-follower.ts';
import { useColorSet } from '../theme.ts';

/** Height of a tick by its mark, worst first, as a share of their row: severities differ by height as well as by color. */
const TICK_SHARES = [0.875, 0.625, 0.375] as const;
const MIN_TICK_WIDTH_PX = 3;

interface FindingTicksProps {
  readonly part: MarkedPart;
  /** Of one layer; without it of all layers. Parts of a file are of the layer whose file is shown. */
  readonly layer?: number;
}

/** Where findings lie, as ticks along the upper edge of a track, of a file, or of an overview. */
export function FindingTicks({ part, layer }: FindingTicksProps) {
  const ref = useRef<HTMLCanvasElement>(null);
  const colorSet = useColorSet();
  const summary = useStore(state => state.findings);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was found since is requested too
  const request = useCallback(() => void requestMarks(part), [part, summary]);
  useFollower('paced', request);
  const keyOf = useCallback(() => {
    if (!hasMarks(part, layer)) return ''; // nothing to draw, whatever is in view
    const { start, end } = rangeOf(part);
    return `${start} ${end} ${marksRevision(part)}`;
  }, [part, layer]);
  const draw = useCallback(
    (context: CanvasRenderingContext2D, { width, height }: CanvasSize) => {
      const range = rangeOf(part);
      const unit = width / Math.max(1, getAxis(axisOfPart(part)).width);
      for (const { start, end, mark } of marksOf(part, layer)) {
        const left = pxOf(range, start, width);
        const length = Math.max(MIN_TICK_WIDTH_PX * unit, pxOf(range, end, width) - left);
        context.fillStyle = colorOf(mark, colorSet);
        context.fillRect(Math.round(left), 0, Math.round(length), tickHeight(mark, height));
      }
    },
    [part, layer, colorSet],
  );
  useCanvasDrawing(ref, keyOf, draw);
  return <canvas className="finding-ticks" ref={ref} />;
}

/** The height of the tick of a mark in a row of ticks that is `height` pixels high: whole pixels, another one for each mark. */
export function tickHeight(mark: number, height: number): number {
  return Math.floor((TICK_SHARES[mark - 1] ?? 0) * height);
}

/** The bytes that the track shows. */
function rangeOf(part: MarkedPart): Viewport {
  const { viewport, size } = getAxis(axisOfPart(part));
  return part === 'view' || part === 'fileView' ? viewport : { start: 0, end: size };
}

function colorOf(mark: number, { corrupt, override, frame }: ColorSet): string {
  return hexColor([corrupt, override, frame][mark - 1] ?? frame);
}
