import { useCallback, useRef } from 'react';
import { selectedExtent } from '../../../state/selection/selection.ts';
import { getState } from '../../../state/store.ts';
import { setBandPosition } from '../../../ui/axis/set-band-position.ts';
import { usePainter } from '../../../ui/hooks/use-painter.ts';

/** The frame around the selected extent in its own lane. */
export function SelectionFrame({ track }: { readonly track: number }) {
  const ref = useRef<HTMLDivElement>(null);
  const paint = useCallback(() => {
    setBandPosition(
      'guest',
      ref.current,
      getState().selection?.track === track ? selectedExtent() : undefined,
    );
  }, [track]);
  usePainter(paint);
  return <div className="selection-frame" ref={ref} hidden aria-hidden="true" />;
}
