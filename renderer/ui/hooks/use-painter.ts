import { useEffect } from 'react';
import { addPainter } from '../../canvas/frame.ts';

/** Draws in every frame; `paint` must be stable between renders unless what it paints with changed. */
export function usePainter(paint: () => void): void {
  useEffect(() => addPainter(paint), [paint]);
}
