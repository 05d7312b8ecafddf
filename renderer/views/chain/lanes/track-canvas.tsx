import { useCallback, useMemo, useRef } from 'react';
import { laneLayout } from '../../../../shared/draw/lane-layout.ts';
import { paintTrack } from '../../../../shared/draw/paint-track.ts';
import { trackCaptions, trackLabels } from '../../../../shared/draw/track-labels.ts';
import type { OpenedChain } from '../../../../shared/model/chain.ts';
import type { TrackInfo } from '../../../../shared/model/track.ts';
import { fontVersion } from '../../../canvas/fonts.ts';
import { createImageSurface } from '../../../canvas/image-surface.ts';
import { showImage } from '../../../canvas/show-image.ts';
import { laneTextMasks } from '../../../canvas/text-masks.ts';
import { dataOf } from '../../../state/axes/axis-data.ts';
import { stripOf } from '../../../state/chain/chain-data.ts';
import { getAxis, setState, useStore } from '../../../state/store.ts';
import { fadedParts, shownMarks } from '../../../state/window/highlight.ts';
import { showInspector } from '../../../state/window/inspector.ts';
import { FindingTicks } from '../../../ui/axis/finding-ticks.tsx';
import { useCanvasSize } from '../../../ui/hooks/use-canvas-size.ts';
import { useInSight } from '../../../ui/hooks/use-in-sight.ts';
import { usePainter } from '../../../ui/hooks/use-painter.ts';
import { useColorSet } from '../../../ui/theme.ts';
import { SelectionFrame } from '../overlay/selection-frame.tsx';
import { useTrackSummary } from '../table/use-track-summary.ts';
import { useLanePointer } from './use-lane-pointer.ts';

interface TrackCanvasProps {
  readonly track: TrackInfo;
  readonly chain: OpenedChain;
}

/** The picture of one track. */
export function TrackCanvas({ track, chain }: TrackCanvasProps) {
  const ref = useRef<HTMLCanvasElement>(null);
  const size = useCanvasSize(ref);
  const inSight = useInSight(ref);
  const colorSet = useColorSet();
  const highlighted = useStore(state => state.highlighted);
  const summary = useTrackSummary(track, chain);
  useLanePointer(ref, track.id);

  const painting = useMemo(() => {
    if (size.width === 0 || size.height === 0) return undefined;
    const layout = laneLayout(size.height, devicePixelRatio);
    return {
      ...createImageSurface(size, layout.unit, laneTextMasks(layout.unit)),
      layout,
      options: {
        labels: trackLabels(track, chain),
        captions: trackCaptions(track, chain),
        ownerCount: chain.tracks.length - 1,
        faded: fadedParts(highlighted),
        marks: shownMarks(highlighted),
      },
      drawn: '',
    };
  }, [size, track, chain, highlighted]);

  const paint = useCallback(() => {
    const canvas = ref.current;
    if (canvas === null || painting === undefined) return;
    const { viewport } = getAxis('guest');
    const key = `${viewport.start} ${viewport.end} ${dataOf('guest').revision} ${colorSet.lane} ${fontVersion()} ${inSight.current}`;
    if (painting.drawn === key) return;
    painting.drawn = key;
    const { image, surface, layout, options } = painting;
    // What is spoken and pointed at is read from the strip, also of a lane that scrolled away.
    const strip = stripOf(track.id, viewport, surface.width);
    if (!inSight.current) return;
    const phase = Math.round((viewport.start / (viewport.end - viewport.start)) * surface.width);
    paintTrack(surface, strip, layout, colorSet, { ...options, phase });
    showImage(canvas, image);
  }, [painting, colorSet, inSight, track.id]);
  usePainter(paint);

  return (
    <div className="lane">
      <canvas
        ref={ref}
        data-twin
        role="img"
        tabIndex={0}
        aria-label={summary}
        aria-description="Left and Right go through the extents, Enter shows what is known, T shows them as a table"
        onKeyDown={event => {
          if (event.key === 'Enter') showInspector(true);
        }}
        onFocus={() => setState({ focusedTrack: track.id })}
      />
      {track.kind === 'layer' && <FindingTicks part="view" layer={track.layer} />}
      <SelectionFrame track={track.id} />
    </div>
  );
}
