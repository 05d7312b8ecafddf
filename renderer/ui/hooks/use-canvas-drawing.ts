import { type RefObject, useMemo } from 'react';
import { type CanvasSize, useCanvasSize } from './use-canvas-size.ts';
import { usePainter } from './use-painter.ts';

/**
 * Draws on a canvas, cleared and as large as it is laid out in device pixels: in each frame in which `keyOf` gives
 * another key, and again where the size, `keyOf` or `draw` has changed. Both must be stable between renders. `draw` finds
 * the styles of the context as it left them.
 */
export function useCanvasDrawing(
  ref: RefObject<HTMLCanvasElement | null>,
  keyOf: () => string,
  draw: (context: CanvasRenderingContext2D, size: CanvasSize) => void,
): void {
  const size = useCanvasSize(ref);
  const paint = useMemo(() => {
    let drawn: string | undefined;
    return () => {
      const canvas = ref.current;
      if (canvas === null || size.width === 0) return;
      const key = keyOf();
      if (drawn === key) return;
      drawn = key;
      const isSized = canvas.width === size.width && canvas.height === size.height;
      if (!isSized) {
        canvas.width = size.width; // clears it; the same size again would, too, and have the page laid out
        canvas.height = size.height;
      }
      const context = canvas.getContext('2d');
      if (context === null) return;
      if (isSized) context.clearRect(0, 0, size.width, size.height);
      draw(context, size);
    };
  }, [ref, size, keyOf, draw]);
  usePainter(paint);
}
