import { useCallback, useRef } from 'react';
import { pxOf } from '../../../axis/viewport.ts';
import { selectedExtent } from '../../../state/selection/selection.ts';
import { getState } from '../../../state/store.ts';
import { usePainter } from '../../../ui/hooks/use-painter.ts';

/** The selected extent and the chosen range, as bands over all lanes; the selected lane has a frame of its own. */
export function PlaceOverlay() {
  const selected = useRef<HTMLDivElement>(null);
  const ranged = useRef<HTMLDivElement>(null);
  const paint = useCallback(() => {
    place(selected.current, selectedExtent());
    place(ranged.current, getState().range);
  }, []);
  usePainter(paint);
  return (
    <div className="place-overlay" aria-hidden="true">
      <div ref={ranged} className="range-band" hidden />
      <div ref={selected} className="selection-band" hidden />
    </div>
  );
}

/** Puts a band over [start, end), at least two pixels wide and cut to what is on screen. */
export function place(band: HTMLElement | null, range: { start: number; end: number } | undefined): void {
  if (band === null) return;
  const { viewport, width } = getState();
  const visible = range !== undefined && range.end > viewport.start && range.start < viewport.end;
  if (band.hidden === visible) band.hidden = !visible;
  if (!visible) return;
  const left = Math.max(-4, Math.round(pxOf(viewport, range.start, width)));
  const right = Math.min(width + 4, Math.round(pxOf(viewport, range.end, width)));
  band.style.left = `${left}px`;
  band.style.width = `${Math.max(2, right - left)}px`;
}
