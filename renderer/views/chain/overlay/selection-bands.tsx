import { useCallback, useRef } from 'react';
import { selectedExtent } from '../../../state/selection/selection.ts';
import { getState } from '../../../state/store.ts';
import { setBandPosition } from '../../../ui/axis/set-band-position.ts';
import { usePainter } from '../../../ui/hooks/use-painter.ts';

/** The selected extent and the chosen range, as bands over all lanes. In its lane the extent has a frame as well. */
export function SelectionBands() {
  const selected = useRef<HTMLDivElement>(null);
  const range = useRef<HTMLDivElement>(null);
  const paint = useCallback(() => {
    setBandPosition('guest', selected.current, selectedExtent());
    setBandPosition('guest', range.current, getState().range);
  }, []);
  usePainter(paint);
  return (
    <div className="selection-bands" aria-hidden="true">
      <div ref={range} className="range-band" hidden />
      <div ref={selected} className="selection-band" hidden />
    </div>
  );
}
