import { useEffect } from 'react';
import { addPainter } from '../draw/frame.ts';

/** Draws in every frame; `paint` must be stable between renders unless what it paints with changed. */
export function usePainter(paint: () => void): void {
  useEffect(() => addPainter(paint), [paint]);
}
