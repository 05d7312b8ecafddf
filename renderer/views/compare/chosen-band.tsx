import { useCallback, useRef } from 'react';
import { getState } from '../../state/store.ts';
import { setBandPosition } from '../../ui/axis/set-band-position.ts';
import { usePainter } from '../../ui/hooks/use-painter.ts';

/** The chosen difference, as a band over all lanes. */
export function ChosenBand() {
  const ref = useRef<HTMLDivElement>(null);
  const paint = useCallback(() => {
    const chosen = getState().compare.comparison?.chosen;
    const range = chosen && { start: chosen.start, end: chosen.start + chosen.length };
    setBandPosition('compare', ref.current, range);
  }, []);
  usePainter(paint);
  return (
    <div className="selection-bands" aria-hidden="true">
      <div ref={ref} className="selection-band" hidden />
    </div>
  );
}
