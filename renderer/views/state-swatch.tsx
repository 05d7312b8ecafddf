import { useEffect, useRef } from 'react';
import type { LegendKey } from '../state/legend-keys.ts';
import { swatchPicture } from './swatch-picture.ts';
import { useInk } from './theme.ts';

interface StateSwatchProps {
  readonly of: LegendKey;
  /** Whether a state's letter is written on it, as on narrow runs in the lanes. */
  readonly lettered?: boolean;
}

/** A small picture of a state or mark, painted as in the lanes. */
export function StateSwatch({ of, lettered = false }: StateSwatchProps) {
  const ref = useRef<HTMLCanvasElement>(null);
  const ink = useInk();
  useEffect(() => {
    const canvas = ref.current;
    const context = canvas?.getContext('2d', { alpha: false });
    if (canvas === null || context === null || context === undefined) return;
    const picture = swatchPicture(of, lettered, ink);
    canvas.width = picture.width;
    canvas.height = picture.height;
    context.putImageData(picture, 0, 0);
  }, [of, ink, lettered]);
  return <canvas className="swatch" ref={ref} />;
}
