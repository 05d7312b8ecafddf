import { useCallback, useRef } from 'react';
import { selectedExtent } from '../../../state/selection/selection.ts';
import { getState } from '../../../state/store.ts';
import { usePainter } from '../../../ui/hooks/use-painter.ts';
import { place } from './selection-bands.tsx';

/** The frame around the selected extent in its own lane. */
export function SelectionFrame({ track }: { readonly track: number }) {
  const ref = useRef<HTMLDivElement>(null);
  const paint = useCallback(() => {
    place(ref.current, getState().selection?.track === track ? selectedExtent() : undefined);
  }, [track]);
  usePainter(paint);
  return <div className="selection-frame" ref={ref} hidden aria-hidden="true" />;
}
