import { useCallback, useRef } from 'react';
import { type ColorSet, hexOf } from '../../../shared/draw/color-set.ts';
import { pxOf } from '../../axis/scale.ts';
import {
  axisOfPart,
  type MarkedPart,
  marksOf,
  marksRevision,
  requestMarks,
} from '../../state/finding-marks.ts';
import { getAxis, useStore } from '../../state/store.ts';
import { useCanvasSize } from '../hooks/use-canvas-size.ts';
import { useFollower } from '../hooks/use-follower.ts';
import { usePainter } from '../hooks/use-painter.ts';
import { useInk } from '../theme.ts';

/** CSS pixels of a tick by its mark, worst first: severities differ by height as well as by color. */
const TICK_HEIGHT_PX = [7, 5, 3] as const;
const MIN_TICK_WIDTH_PX = 3;

interface FindingTicksProps {
  readonly part: MarkedPart;
  /** Of one layer; without it of all layers. Parts of a file are of the layer whose file is shown. */
  readonly layer?: number;
}

/** Where findings lie, as ticks along the upper edge of a track, of a file, or of an overview. */
export function FindingTicks({ part, layer }: FindingTicksProps) {
  const ref = useRef<HTMLCanvasElement>(null);
  const size = useCanvasSize(ref);
  const ink = useInk();
  const summary = useStore(state => state.findings);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was found since is requested too
  const request = useCallback(() => void requestMarks(part), [part, summary]);
  useFollower('paced', request);
  const drawn = useRef('');
  const paint = useCallback(() => {
    const canvas = ref.current;
    const { viewport, width, size: bytes } = getAxis(axisOfPart(part));
    const view = part === 'view' || part === 'fileView' ? viewport : { start: 0, end: bytes };
    const key = `${view.start} ${view.end} ${size.width} ${size.height} ${marksRevision(part)} ${ink.lane}`;
    if (canvas === null || size.width === 0 || drawn.current === key) return;
    drawn.current = key;
    canvas.width = size.width; // clears it
    canvas.height = size.height;
    const context = canvas.getContext('2d');
    if (context === null) return;
    const unit = size.width / Math.max(1, width);
    for (const { start, end, mark } of marksOf(part, layer)) {
      const left = pxOf(view, start, size.width);
      const length = Math.max(MIN_TICK_WIDTH_PX * unit, pxOf(view, end, size.width) - left);
      context.fillStyle = colorOf(mark, ink);
      context.fillRect(Math.round(left), 0, Math.round(length), (TICK_HEIGHT_PX[mark - 1] ?? 0) * unit);
    }
  }, [part, layer, size, ink]);
  usePainter(paint);
  return <canvas className="finding-ticks" ref={ref} />;
}

function colorOf(mark: number, { corrupt, override, frame }: ColorSet): string {
  return hexOf([corrupt, override, frame][mark - 1] ?? frame);
}
