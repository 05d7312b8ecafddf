import { type RefObject, useEffect, useState } from 'react';

/** How many rows of `rowPx` CSS pixels an element has room for, at least one. */
export function useRowsInSight(ref: RefObject<Element | null>, rowPx: number): number {
  const [count, setCount] = useState(1);
  useEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const observer = new ResizeObserver(() =>
      setCount(Math.max(1, Math.floor(element.clientHeight / rowPx))),
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, [ref, rowPx]);
  return count;
}
