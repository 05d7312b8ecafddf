import { type RefObject, useMemo } from 'react';
import { navigationOf } from '../../../state/axes/axis-navigation.ts';
import { selectUnder } from '../../../state/selection/column.ts';
import { probeTrack } from '../../../state/selection/probe-track.ts';
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
    onHover({ px }) {
      setState({ hover: { axis: 'guest', track, px } });
    },
    onHoverEnd() {
      if (getState().hover?.track === track) setState({ hover: undefined });
    },
    onClick({ offset }) {
      void selectUnder({ track, offset });
    },
    onDoubleClick({ offset }) {
      const found = probeTrack(track, offset);
      if (found !== undefined) navigationOf('guest').fitRange(found.start, found.end);
    },
    onContextMenu({ offset }, event) {
      setState({ hover: undefined, dialog: { kind: 'menu', x: event.clientX, y: event.clientY } });
      void selectUnder({ track, offset });
    },
  };
}
