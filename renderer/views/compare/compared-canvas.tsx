import { useCallback, useMemo, useRef } from 'react';
import type { ColorSet } from '../../../shared/draw/color-set.ts';
import { differenceColors } from '../../../shared/draw/difference-colors.ts';
import { differenceLabels } from '../../../shared/draw/difference-labels.ts';
import { laneLayout } from '../../../shared/draw/lane-layout.ts';
import { paintTrack } from '../../../shared/draw/paint-track.ts';
import type { PaintOptions } from '../../../shared/draw/painting.ts';
import { PARTS } from '../../../shared/extent/parts.ts';
import { COMPARED_TRACKS } from '../../../shared/model/comparison.ts';
import { fontVersion } from '../../canvas/fonts.ts';
import { createImageSurface } from '../../canvas/image-surface.ts';
import { showImage } from '../../canvas/show-image.ts';
import { laneTextMasks } from '../../canvas/text-masks.ts';
import { dataOf } from '../../state/axes/axis-data.ts';
import { navigationOf } from '../../state/axes/axis-navigation.ts';
import { comparedStrip } from '../../state/compare/compared-strips.ts';
import { chooseDifferenceAt } from '../../state/compare/comparison.ts';
import { getAxis, getState, setState } from '../../state/store.ts';
import type { AxisPointerActions } from '../../ui/axis/axis-pointer.ts';
import { useAxisPointer } from '../../ui/hooks/use-axis-pointer.ts';
import { useCanvasSize } from '../../ui/hooks/use-canvas-size.ts';
import { usePainter } from '../../ui/hooks/use-painter.ts';
import { useColorSet } from '../../ui/theme.ts';
import { stateLabels } from './state-labels.ts';
import { useComparedSummary } from './use-compared-summary.ts';

interface ComparedCanvasProps {
  readonly track: number;
  /** For a screen reader. */
  readonly name: string;
}

const NOT_FADED: PaintOptions['faded'] = PARTS.map(() => false);

/** The picture of one track of a comparison, painted as the lanes of a chain are. */
export function ComparedCanvas({ track, name }: ComparedCanvasProps) {
  const ref = useRef<HTMLCanvasElement>(null);
  const size = useCanvasSize(ref);
  const colorSet = useColorSet();
  const summary = useComparedSummary(track, name);
  const actions = useMemo(() => pointerActions(track), [track]);
  useAxisPointer(ref, 'compare', actions);
  const painting = useMemo(() => {
    if (size.width === 0 || size.height === 0) return undefined;
    const layout = laneLayout(size.height, devicePixelRatio);
    return { ...createImageSurface(size, layout.unit, laneTextMasks(layout.unit)), layout, drawn: '' };
  }, [size]);
  const paint = useCallback(() => {
    const canvas = ref.current;
    if (canvas === null || painting === undefined) return;
    const { viewport } = getAxis('compare');
    const key = `${viewport.start} ${viewport.end} ${dataOf('compare').revision} ${colorSet.lane} ${fontVersion()}`;
    if (painting.drawn === key) return;
    painting.drawn = key;
    const { image, surface, layout } = painting;
    const strip = comparedStrip(track, viewport, surface.width);
    const phase = Math.round((viewport.start / (viewport.end - viewport.start)) * surface.width);
    const labels = track === COMPARED_TRACKS.difference ? differenceLabels : stateLabels;
    const options = { labels, faded: NOT_FADED, marks: 0, phase };
    paintTrack(surface, strip, layout, colorsOf(track, colorSet), options);
    showImage(canvas, image);
  }, [painting, colorSet, track]);
  usePainter(paint);
  return (
    <div className="lane">
      <canvas ref={ref} role="img" aria-label={summary} />
    </div>
  );
}

function colorsOf(track: number, colorSet: ColorSet): ColorSet {
  return track === COMPARED_TRACKS.difference ? differenceColors(colorSet) : colorSet;
}

/** A click chooses the difference there or the next one; a double click zooms in. */
function pointerActions(track: number): AxisPointerActions {
  return {
    onHover: ({ px }) => setState({ hover: { axis: 'compare', track, px } }),
    onHoverEnd() {
      if (getState().hover?.axis === 'compare') setState({ hover: undefined });
    },
    onClick: ({ offset }) => void chooseDifferenceAt(offset),
    onDoubleClick: ({ offset }) => navigationOf('compare').glideZoom(0.25, offset),
    onContextMenu: ({ offset }) => void chooseDifferenceAt(offset),
  };
}
