import { type RefObject, useEffect, useState } from 'react';

/** A canvas's size in device pixels. */
export interface CanvasSize {
  readonly width: number;
  readonly height: number;
}

/** Follows the size of an element in whole device pixels; 0 until it is laid out. */
export function useCanvasSize(ref: RefObject<Element | null>): CanvasSize {
  const [size, setSize] = useState<CanvasSize>({ width: 0, height: 0 });
  useEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const observer = new ResizeObserver(entries => {
      const entry = entries.at(-1);
      const box = entry?.devicePixelContentBoxSize[0];
      if (entry === undefined || box === undefined) return;
      // Where the ratio is emulated the box is in CSS pixels, so it is only believed where it is near the ratio's.
      const near = (given: number, css: number) => {
        const scaled = css * devicePixelRatio;
        return Math.abs(given - scaled) <= 1 ? given : Math.round(scaled);
      };
      const { width, height } = entry.contentRect;
      setSize({ width: near(box.inlineSize, width), height: near(box.blockSize, height) });
    });
    observer.observe(element, { box: 'device-pixel-content-box' });
    return () => observer.disconnect();
  }, [ref]);
  return size;
}
