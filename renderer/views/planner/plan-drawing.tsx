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
import { laneTextMasks } from '../../canvas/text-masks.ts';
import { navigationOf } from '../../state/axes/axis-navigation.ts';
import { getAxis } from '../../state/store.ts';
import type { AxisPointerActions } from '../../ui/axis/axis-pointer.ts';
import { AxisRuler } from '../../ui/axis/axis-ruler.tsx';
import { useAxisArea } from '../../ui/hooks/use-axis-area.ts';
import { useAxisPointer } from '../../ui/hooks/use-axis-pointer.ts';
import { useCanvasDrawing } from '../../ui/hooks/use-canvas-drawing.ts';
import type { CanvasSize } from '../../ui/hooks/use-canvas-size.ts';
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

const viewKey = () => `${getAxis('plan').viewport.start} ${getAxis('plan').viewport.end}`;

/** A canvas along the axis of the plan that shows the image which `imageOf` makes in its size. */
function useLane(imageOf: (size: CanvasSize) => ImageData) {
  const ref = useRef<HTMLCanvasElement>(null);
  useAxisPointer(ref, 'plan', POINTER);
  const draw = useCallback(
    (context: CanvasRenderingContext2D, size: CanvasSize) => {
      if (size.height > 0) context.putImageData(imageOf(size), 0, 0);
    },
    [imageOf],
  );
  useCanvasDrawing(ref, viewKey, draw);
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
  const imageOf = useCallback(
    (size: CanvasSize) => {
      const { viewport } = getAxis('plan');
      const layout = bareLayout(size.height, devicePixelRatio);
      const { image, surface } = createImageSurface(size, layout.unit, laneTextMasks(layout.unit));
      const phase = Math.round((viewport.start / (viewport.end - viewport.start)) * size.width);
      const options = { labels, faded: [], marks: 0, phase };
      paintTrack(surface, planStrip(picture, track, viewport, size.width), layout, colorSet, options);
      return image;
    },
    [picture, track, colorSet, labels],
  );
  const ref = useLane(imageOf);
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
  const imageOf = useCallback(
    (size: CanvasSize) => {
      const { viewport } = getAxis('plan');
      const { image, surface } = createImageSurface(size, Math.max(1, Math.round(devicePixelRatio)));
      paintWritten(
        surface,
        planStrip(picture, 'written', viewport, size.width),
        colorSet.frame,
        colorSet.lane,
      );
      return image;
    },
    [picture, colorSet],
  );
  const ref = useLane(imageOf);
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
