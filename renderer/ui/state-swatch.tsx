import { useEffect, useRef } from 'react';
import type { LegendKey } from '../../shared/legend.ts';
import { showImage } from '../canvas/show-image.ts';
import { swatchPicture } from './swatch-picture.ts';
import { useColorSet } from './theme.ts';

interface StateSwatchProps {
  readonly of: LegendKey;
  /** Whether a state's letter is written on it, as on narrow runs in the lanes. */
  readonly lettered?: boolean;
}

/** A small picture of a state or mark, painted as in the lanes. */
export function StateSwatch({ of, lettered = false }: StateSwatchProps) {
  const ref = useRef<HTMLCanvasElement>(null);
  const colorSet = useColorSet();
  useEffect(() => {
    if (ref.current !== null) showImage(ref.current, swatchPicture(of, lettered, colorSet));
  }, [of, colorSet, lettered]);
  return <canvas className="swatch" ref={ref} />;
}
