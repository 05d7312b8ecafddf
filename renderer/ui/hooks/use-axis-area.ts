import { type RefObject, useCallback, useEffect } from 'react';
import type { AxisId } from '../../axis/axis-id.ts';
import { clampViewport } from '../../axis/viewport.ts';
import { requestDraw } from '../../canvas/frame.ts';
import { dataOf } from '../../state/axes/axis-data.ts';
import { navigationOf } from '../../state/axes/axis-navigation.ts';
import { getAxis, setAxis } from '../../state/store.ts';
import { usePainter } from './use-painter.ts';

/** Takes the width of an axis from the element that spans it, and requests what is on screen in every frame. */
export function useAxisArea(axis: AxisId, ref: RefObject<Element | null>): void {
  const request = useCallback(() => {
    const { viewport, width } = getAxis(axis);
    const columns = Math.round(width * devicePixelRatio);
    if (columns > 0) dataOf(axis).loader?.request({ view: viewport, columns, overviewColumns: columns });
  }, [axis]);
  usePainter(request);
  useEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => {
      const width = element.clientWidth;
      if (width === 0 || width === getAxis(axis).width) return;
      setAxis(axis, { width });
      const navigation = navigationOf(axis);
      navigation.setViewport(clampViewport(navigation.viewport, navigation.bounds), false);
      requestDraw();
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [axis, ref]);
}
