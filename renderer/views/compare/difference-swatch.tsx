import { useEffect, useRef } from 'react';
import { differenceColors } from '../../../shared/draw/difference-colors.ts';
import type { ExtentState } from '../../../shared/extent/flags.ts';
import { showImage } from '../../canvas/show-image.ts';
import { swatchPicture } from '../../ui/swatch-picture.ts';
import { useColorSet } from '../../ui/theme.ts';

/** A small picture of a difference, painted as on its track; `state` is what stands for it there. */
export function DifferenceSwatch({ state }: { readonly state: ExtentState }) {
  const ref = useRef<HTMLCanvasElement>(null);
  const colorSet = differenceColors(useColorSet());
  useEffect(() => {
    if (ref.current !== null) showImage(ref.current, swatchPicture(state, false, colorSet));
  }, [state, colorSet]);
  return <canvas className="swatch" ref={ref} />;
}
