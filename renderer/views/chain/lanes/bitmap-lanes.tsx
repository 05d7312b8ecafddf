import { useCallback, useRef } from 'react';
import { hexColor } from '../../../../shared/draw/color-set.ts';
import { BITMAP_COLUMN, type BitmapSums } from '../../../../shared/model/bitmap/bitmap-marks.ts';
import type { OpenedChain } from '../../../../shared/model/chain.ts';
import type { TrackInfo } from '../../../../shared/model/track.ts';
import { formatCount, formatSize } from '../../../../shared/text/offset.ts';
import { escapeUntrusted } from '../../../../shared/text/untrusted-text.ts';
import { pxOf } from '../../../axis/scale.ts';
import { areBitmapsShown, bitmapRevision, bitmapRuns, toggleBitmaps } from '../../../state/bitmap-marks.ts';
import { getAxis, useStore } from '../../../state/store.ts';
import { useCanvasDrawing } from '../../../ui/hooks/use-canvas-drawing.ts';
import type { CanvasSize } from '../../../ui/hooks/use-canvas-size.ts';
import { Icon } from '../../../ui/icon.tsx';
import { Untrusted } from '../../../ui/text.tsx';
import { useColorSet } from '../../../ui/theme.ts';
import { useLanePointer } from './use-lane-pointer.ts';

/** CSS pixels of a dot of what a bitmap does not tell, and from one to the next. */
const DOT_PX = 2;
const DOT_STEP_PX = 5;

interface BitmapLanesProps {
  readonly track: TrackInfo;
  readonly chain: OpenedChain;
}

/** The dirty bitmaps of a layer, each as a thin track below the layer's own; folded they are a line that counts them. */
export function BitmapLanes({ track, chain }: BitmapLanesProps) {
  const bitmaps = useStore(state => state.bitmaps);
  const toggledLayers = useStore(state => state.toggledBitmaps);
  // Bitmaps of an export that has a track for each depth are below the first of them.
  const isFirst = chain.tracks.find(({ kind, layer }) => kind !== 'guest' && layer === track.layer) === track;
  const own = isFirst ? bitmaps.filter(({ layer }) => layer === track.layer) : [];
  if (own.length === 0) return null;
  const shown = areBitmapsShown(track.layer, own.length, toggledLayers);
  const count = own.length === 1 ? '1 bitmap' : `${formatCount(own.length)} bitmaps`;
  const button = (
    <button
      type="button"
      className="tool bitmap-fold"
      aria-expanded={shown}
      aria-label={`Show ${count} of ${escapeUntrusted(track.title)}`}
      title={shown ? 'Fold the bitmaps' : 'Show the bitmaps'}
      onClick={() => toggleBitmaps(track.layer)}
    >
      <Icon name={shown ? 'minus' : 'plus'} />
    </button>
  );
  if (!shown)
    return (
      <div className="bitmap-head">
        {button}
        <span>{count}</span>
      </div>
    );
  return own.map((bitmap, i) => (
    <BitmapLane
      key={`${bitmap.layer} ${bitmap.name}`}
      bitmap={bitmap}
      track={track}
      button={i === 0 ? button : undefined}
    />
  ));
}

interface BitmapLaneProps {
  readonly bitmap: BitmapSums;
  readonly track: TrackInfo;
  readonly button: React.ReactNode;
}

function BitmapLane({ bitmap, track, button }: BitmapLaneProps) {
  const ref = useRef<HTMLCanvasElement>(null);
  const colorSet = useColorSet();
  useLanePointer(ref, track.id);
  const { layer, name } = bitmap;
  const draw = useCallback(
    (context: CanvasRenderingContext2D, size: CanvasSize) => {
      const { viewport, width } = getAxis('guest');
      const unit = size.width / Math.max(1, width);
      context.fillStyle = hexColor(colorSet.dirty);
      for (const { start, end, bits } of bitmapRuns({ layer, name })) {
        const left = Math.round(pxOf(viewport, start, size.width));
        const right = Math.max(left + Math.round(unit), Math.round(pxOf(viewport, end, size.width)));
        if (bits & BITMAP_COLUMN.dirty) context.fillRect(left, 0, right - left, size.height);
        else fillDots(context, left, right, size.height, unit);
      }
    },
    [layer, name, colorSet],
  );
  useCanvasDrawing(ref, drawnKey, draw);
  const sum = sumText(bitmap, track.size);
  return (
    <>
      <div className="bitmap-head" title={`Dirty bitmap ${escapeUntrusted(name)}: ${sum}`}>
        {button}
        <span className="bitmap-name">
          <Untrusted text={name} max={60} />
        </span>
        <span className="bitmap-sum">{sum}</span>
        <span className="bitmap-sum short">{shortSum(bitmap, track.size)}</span>
      </div>
      <div className="bitmap-lane">
        <canvas ref={ref} role="img" aria-label={`Bitmap ${escapeUntrusted(name, 60)}: ${sum}`} />
      </div>
    </>
  );
}

/** Changes with what is in view and with what is known of the bitmaps there. */
function drawnKey(): string {
  const { start, end } = getAxis('guest').viewport;
  return `${start} ${end} ${bitmapRevision()}`;
}

/** A dotted line in the middle, the same wherever it begins. */
function fillDots(
  context: CanvasRenderingContext2D,
  left: number,
  right: number,
  height: number,
  unit: number,
): void {
  const [dot, step] = [Math.round(DOT_PX * unit), Math.round(DOT_STEP_PX * unit)];
  for (let x = Math.ceil(left / step) * step; x < right; x += step)
    context.fillRect(x, Math.round((height - dot) / 2), dot, dot);
}

/** How much of the disk a bitmap marks as changed, and of how much it does not tell. */
function sumText({ dirty, unknown }: BitmapSums, size: number): string {
  if (unknown > 0 && unknown >= size) return 'not known';
  return unknown > 0
    ? `${formatSize(dirty)} changed, ${formatSize(unknown)} not known`
    : `${formatSize(dirty)} changed`;
}

/** The same where there is little room. */
function shortSum({ dirty, unknown }: BitmapSums, size: number): string {
  if (unknown === 0) return formatSize(dirty);
  return unknown >= size ? 'not known' : `≥ ${formatSize(dirty)}`;
}
