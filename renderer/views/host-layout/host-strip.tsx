import { useCallback, useMemo, useRef } from 'react';
import { HOST_KINDS, type HostKind, type HostLayout } from '../../../shared/model/layout.ts';
import { HOST_KIND_NAMES } from '../../../shared/text/host-kinds.ts';
import { formatSize } from '../../../shared/text/offset.ts';
import { showImage } from '../../canvas/show-image.ts';
import { dataOf } from '../../state/axes/axis-data.ts';
import { navigationOf } from '../../state/axes/axis-navigation.ts';
import { chooseHost, hostOfSelection } from '../../state/host/host-layout.ts';
import { getAxis, getState, setState, useStore } from '../../state/store.ts';
import type { AxisPointerActions } from '../../ui/axis/axis-pointer.ts';
import { FindingTicks } from '../../ui/axis/finding-ticks.tsx';
import { setBandPosition } from '../../ui/axis/set-band-position.ts';
import { useAxisPointer } from '../../ui/hooks/use-axis-pointer.ts';
import { useCanvasSize } from '../../ui/hooks/use-canvas-size.ts';
import { usePainter } from '../../ui/hooks/use-painter.ts';
import { useColorSet } from '../../ui/theme.ts';
import { createHostPicture, drawHost, kindColors } from './host-painting.ts';
import { HostTooltip } from './host-tooltip.tsx';

const POINTER: AxisPointerActions = {
  onHover({ px }) {
    setState({ hover: { axis: 'host', track: 0, px } });
  },
  onHoverEnd() {
    if (getState().hover?.axis === 'host') setState({ hover: undefined });
  },
  onClick({ offset }) {
    void chooseHost(offset);
  },
  onDoubleClick({ offset }) {
    const { viewport } = getAxis('host');
    const half = (viewport.end - viewport.start) / 8;
    navigationOf('host').fitRange(offset - half, offset + half);
  },
  onContextMenu({ offset }) {
    void chooseHost(offset);
  },
};

/** The file along its offsets. A click chooses a cluster. */
export function HostStripCanvas({ layout }: { readonly layout: HostLayout }) {
  const ref = useRef<HTMLCanvasElement>(null);
  const size = useCanvasSize(ref);
  const colorSet = useColorSet();
  const highlighted = useStore(state => state.host.highlighted);
  useAxisPointer(ref, 'host', POINTER);
  const painting = useMemo(() => {
    if (size.width === 0 || size.height === 0) return undefined;
    return {
      picture: createHostPicture(size),
      colors: kindColors(colorSet, highlighted),
      colorSet,
      drawn: '',
    };
  }, [size, colorSet, highlighted]);
  const paint = useCallback(() => {
    const { viewport } = getAxis('host');
    const key = `${viewport.start} ${viewport.end} ${dataOf('host').revision}`;
    if (ref.current === null || painting === undefined || painting.drawn === key) return;
    painting.drawn = key;
    drawHost(painting.picture, viewport, painting.colors, painting.colorSet, true);
    showImage(ref.current, painting.picture.image);
  }, [painting]);
  usePainter(paint);
  return (
    <div className="lane">
      <canvas
        ref={ref}
        role="img"
        tabIndex={0}
        aria-label={summaryOf(layout)}
        aria-description="The regions in view are listed in the table below"
      />
      <FindingTicks part="fileView" />
      <HostMarks layout={layout} />
      <HostTooltip strip={painting?.picture.strip} />
    </div>
  );
}

/** The chosen cluster, and where the selected offset of the guest lies. */
function HostMarks({ layout: { clusterSize } }: { readonly layout: HostLayout }) {
  const chosen = useRef<HTMLDivElement>(null);
  const linked = useRef<HTMLDivElement>(null);
  const paint = useCallback(() => {
    const at = getState().host.chosen?.offset;
    setBandPosition('host', chosen.current, clusterAt(at, clusterSize));
    setBandPosition(
      'host',
      linked.current,
      at === undefined ? clusterAt(hostOfSelection(), clusterSize) : undefined,
    );
  }, [clusterSize]);
  usePainter(paint);
  return (
    <>
      <div className="selection-frame linked" ref={linked} hidden aria-hidden="true" />
      <div className="selection-frame" ref={chosen} hidden aria-hidden="true" />
    </>
  );
}

function clusterAt(
  offset: number | undefined,
  clusterSize: number,
): { readonly start: number; readonly end: number } | undefined {
  if (offset === undefined) return undefined;
  const start = Math.floor(offset / clusterSize) * clusterSize;
  return { start, end: start + clusterSize };
}

/** The largest parts of the file, for screen readers. */
function summaryOf({ sums, fileLength }: HostLayout): string {
  const largest = [...HOST_KINDS].sort((a, b) => sums[b] - sums[a]).filter(kind => sums[kind] > 0);
  const share = (kind: HostKind) =>
    `${HOST_KIND_NAMES[kind]} ${Math.round((sums[kind] / Math.max(1, fileLength)) * 100)} %`;
  return `File of ${formatSize(fileLength)}: ${largest.slice(0, 4).map(share).join(', ')}`;
}
