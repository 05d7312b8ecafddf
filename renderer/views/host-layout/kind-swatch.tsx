import { useEffect, useRef } from 'react';
import type { HostKind } from '../../../shared/model/layout.ts';
import { showImage } from '../../canvas/show-image.ts';
import { useColorSet } from '../../ui/theme.ts';
import { hostSwatch } from './host-painting.ts';

/** A small picture of what a cluster of a file holds, painted as in the strip. */
export function KindSwatch({ kind }: { readonly kind: HostKind }) {
  const ref = useRef<HTMLCanvasElement>(null);
  const colorSet = useColorSet();
  useEffect(() => {
    if (ref.current !== null) showImage(ref.current, hostSwatch(kind, colorSet));
  }, [kind, colorSet]);
  return <canvas className="swatch" ref={ref} />;
}
