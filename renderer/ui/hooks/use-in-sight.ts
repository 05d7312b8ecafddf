import { type RefObject, useEffect, useRef } from 'react';
import { requestDraw } from '../../canvas/frame.ts';

/** Whether an element is in sight, for painters: what scrolled away need not be painted. A frame follows a change. */
export function useInSight(ref: RefObject<Element | null>): RefObject<boolean> {
  const inSight = useRef(true);
  useEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const observer = new IntersectionObserver(entries => {
      inSight.current = entries.at(-1)?.isIntersecting ?? true;
      requestDraw();
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [ref]);
  return inSight;
}
