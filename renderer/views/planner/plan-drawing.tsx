import { useCallback, useMemo, useRef } from 'react';
import { bareLayout } from '../../../shared/draw/lane-layout.ts';
import { paintTrack } from '../../../shared/draw/paint-track.ts';
import { paintWritten, planStrip } from '../../../shared/draw/plan-strip.ts';
import { presentIn } from '../../../shared/draw/strip/column-strip.ts';
import { trackLabels } from '../../../shared/draw/track-labels.ts';
import { STATES } from '../../../shared/extent/flags.ts';
import { BITS_OF_STATE } from '../../../shared/extent/parts.ts';
import { LEGEND } from '../../../shared/legend.ts';
import type { OpenedChain } from '../../../shared/model/chain.ts';
import type { Plan } from '../../../shared/model/plan/plan.ts';
import type { PlanPicture } from '../../../shared/model/plan/plan-picture.ts';
import { formatSize } from '../../../shared/text/offset.ts';
import { createImageSurface } from '../../canvas/image-surface.ts';
import { showImage } from '../../canvas/show-image.ts';
import { laneTextMasks } from '../../canvas/text-masks.ts';
import { navigationOf } from '../../state/axes/axis-navigation.ts';
import { getAxis } from '../../state/store.ts';
import type { AxisPointerActions } from '../../ui/axis/axis-pointer.ts';
import { AxisRuler } from '../../ui/axis/axis-ruler.tsx';
import { useAxisArea } from '../../ui/hooks/use-axis-area.ts';
import { useAxisPointer } from '../../ui/hooks/use-axis-pointer.ts';
import { type CanvasSize, useCanvasSize } from '../../ui/hooks/use-canvas-size.ts';
import { usePainter } from '../../ui/hooks/use-painter.ts';
import { StateSwatch } from '../../ui/state-swatch.tsx';
import { Untrusted } from '../../ui/text.tsx';
import { useColorSet } from '../../ui/theme.ts';

interface PlanDrawingProps {
  readonly plan: Plan;
  readonly picture: PlanPicture;
  readonly chain: OpenedChain;
}

/** Columns in which the states of a picture are looked for. */
const SURVEYED_COLUMNS = 4096;

/** The target's disk before and after, on one axis, and between them where something is written. */
export function PlanDrawing({ plan, picture, chain }: PlanDrawingProps) {
  const area = useRef<HTMLDivElement>(null);
  useAxisArea('plan', area);
  const name = plan.layers[plan.target.layer]?.name ?? '';
  return (
    <section className="plan-drawing" aria-label="Before and after">
      <h3>
        <Untrusted text={name} max={80} /> before and after{plan.bytesCopiedExact ? '' : ', at most'}
      </h3>
      <div className="plan-measured">
        <div className="plot-measure" ref={area} />
        <AxisRuler axis="plan" handlers={{}} />
        <div className="plan-lane">
          <span>Before</span>
          <PlanLane track="before" plan={plan} picture={picture} chain={chain} />
        </div>
        <div className="plan-lane" data-track="written">
          <span>Written</span>
          <WrittenLane picture={picture} />
        </div>
        <div className="plan-lane">
          <span>After</span>
          <PlanLane track="after" plan={plan} picture={picture} chain={chain} />
        </div>
      </div>
      <PlanLegend picture={picture} />
    </section>
  );
}

const POINTER: AxisPointerActions = {
  onHover() {},
  onHoverEnd() {},
  onClick() {},
  onDoubleClick: ({ offset }) => navigationOf('plan').zoomAt(0.5, offset),
  onContextMenu() {},
};

/** A canvas along the axis of the plan that `paint` draws on. */
function useLane(paint: (canvas: HTMLCanvasElement, size: CanvasSize) => void) {
  const ref = useRef<HTMLCanvasElement>(null);
  const size = useCanvasSize(ref);
  useAxisPointer(ref, 'plan', POINTER);
  const drawn = useRef('');
  const paintFrame = useMemo(() => {
    drawn.current = '';
    return () => {
      const { start, end } = getAxis('plan').viewport;
      const key = `${start} ${end}`;
      if (ref.current === null || size.width === 0 || size.height === 0 || drawn.current === key) return;
      drawn.current = key;
      paint(ref.current, size);
    };
  }, [paint, size]);
  usePainter(paintFrame);
  return ref;
}

interface PlanLaneProps extends PlanDrawingProps {
  readonly track: 'before' | 'after';
}

function PlanLane({ track, plan, picture, chain }: PlanLaneProps) {
  const colorSet = useColorSet();
  const labels = useMemo(() => {
    const info = chain.tracks.find(({ layer }) => layer === plan.target.layer);
    return info === undefined ? () => [] : trackLabels(info, chain);
  }, [chain, plan]);
  const paint = useCallback(
    (canvas: HTMLCanvasElement, size: CanvasSize) => {
      const { viewport } = getAxis('plan');
      const layout = bareLayout(size.height, devicePixelRatio);
      const { image, surface } = createImageSurface(size, layout.unit, laneTextMasks(layout.unit));
      const phase = Math.round((viewport.start / (viewport.end - viewport.start)) * size.width);
      const options = { labels, faded: [], marks: 0, phase };
      paintTrack(surface, planStrip(picture, track, viewport, size.width), layout, colorSet, options);
      showImage(canvas, image);
    },
    [picture, track, colorSet, labels],
  );
  const ref = useLane(paint);
  return <canvas ref={ref} role="img" aria-label={`${track}: ${laneText(plan, track)}`} />;
}

/** The columns of a lane in words: its runs of one state, as the plan's strip has them. */
function laneText({ strip }: Plan, track: 'before' | 'after'): string {
  if (strip === undefined) return '';
  const runs: string[] = [];
  let count = 0;
  strip[track].forEach((state, i, all) => {
    count++;
    if (all[i + 1] === state) return;
    runs.push(`${formatSize(count * strip.span)} ${LEGEND[state].label}`);
    count = 0;
  });
  return runs.join(', ');
}

function WrittenLane({ picture }: { readonly picture: PlanPicture }) {
  const colorSet = useColorSet();
  const paint = useCallback(
    (canvas: HTMLCanvasElement, size: CanvasSize) => {
      const { viewport } = getAxis('plan');
      const { image, surface } = createImageSurface(size, Math.max(1, Math.round(devicePixelRatio)));
      paintWritten(
        surface,
        planStrip(picture, 'written', viewport, size.width),
        colorSet.frame,
        colorSet.lane,
      );
      showImage(canvas, image);
    },
    [picture, colorSet],
  );
  const ref = useLane(paint);
  return <canvas ref={ref} role="img" aria-label="Where something is written" />;
}

/** The states that occur, and what the bar between the lanes means. */
function PlanLegend({ picture }: { readonly picture: PlanPicture }) {
  const states = useMemo(() => {
    const view = { start: 0, end: Math.max(1, picture.size) };
    const present = (['before', 'after'] as const).reduce(
      (bits, track) => bits | presentIn(planStrip(picture, track, view, SURVEYED_COLUMNS)),
      0,
    );
    return STATES.filter((_, i) => present & (BITS_OF_STATE[i] as number));
  }, [picture]);
  return (
    <ul className="state-legend">
      {states.map(state => (
        <li key={state}>
          <StateSwatch of={state} lettered /> {LEGEND[state].label}
        </li>
      ))}
      <li>
        <span className="plan-written-swatch" /> written
      </li>
      {picture.kind === 'columns' && (
        <li className="hint">
          more ranges than can be listed: in columns of {formatSize(2 ** picture.level)}
        </li>
      )}
    </ul>
  );
}
