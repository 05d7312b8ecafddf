import { type RefObject, useMemo } from 'react';
import { navigationOf } from '../../../state/axes/axis-navigation.ts';
import { probeTrack } from '../../../state/selection/probe-track.ts';
import { selectAt } from '../../../state/selection/selection.ts';
import { getState, setState } from '../../../state/store.ts';
import type { AxisPointerActions } from '../../../ui/axis/axis-pointer.ts';
import { useAxisPointer } from '../../../ui/hooks/use-axis-pointer.ts';

/** The pointer on a lane: a click selects, a double click fits, a right click opens the context menu, moving shows the crosshair. */
export function useLanePointer(ref: RefObject<HTMLCanvasElement | null>, track: number): void {
  useAxisPointer(
    ref,
    'guest',
    useMemo(() => lanePointerActions(track), [track]),
  );
}

function lanePointerActions(track: number): AxisPointerActions {
  return {
    onHover({ offset, px }) {
      setState({ hover: { axis: 'guest', track, offset: Math.floor(offset), px } });
    },
    onHoverEnd() {
      if (getState().hover?.track === track) setState({ hover: undefined });
    },
    onClick({ offset }) {
      void selectAt({ track, offset });
    },
    onDoubleClick({ offset }) {
      const found = probeTrack(track, offset);
      if (found !== undefined) navigationOf('guest').fitRange(found.start, found.end);
    },
    onContextMenu({ offset }, event) {
      setState({ hover: undefined, dialog: { kind: 'menu', x: event.clientX, y: event.clientY } });
      void selectAt({ track, offset });
    },
  };
}
