import { act, cleanup, render } from '@testing-library/react';
import { useCallback, useRef } from 'react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { requestDraw } from '../../../../../renderer/canvas/frame.ts';
import { useCanvasDrawing } from '../../../../../renderer/ui/hooks/use-canvas-drawing.ts';
import type { CanvasSize } from '../../../../../renderer/ui/hooks/use-canvas-size.ts';

/** What a ResizeObserver of the page would tell: the size in device pixels. */
let tellSize: (width: number, height: number) => void = () => {};
/** The sizes with which something was drawn, each with the name of what drew it. */
let drawn: (readonly [string, number, number])[] = [];
let key = '';
/** The areas that were cleared. */
let cleared: number[][] = [];

beforeEach(() => {
  drawn = [];
  key = 'first';
  cleared = [];
  class Observer {
    constructor(tell: (entries: unknown[]) => void) {
      tellSize = (width, height) =>
        tell([
          {
            devicePixelContentBoxSize: [{ inlineSize: width, blockSize: height }],
            contentRect: { width, height },
          },
        ]);
    }
    observe() {}
    disconnect() {}
  }
  vi.stubGlobal('ResizeObserver', Observer);
  vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue({
    clearRect: (...area: number[]) => void cleared.push(area),
  } as never);
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const keyOf = () => key;

function Picture({ name }: { readonly name: string }) {
  const ref = useRef<HTMLCanvasElement>(null);
  const draw = useCallback(
    (_context: CanvasRenderingContext2D, { width, height }: CanvasSize) =>
      void drawn.push([name, width, height]),
    [name],
  );
  useCanvasDrawing(ref, keyOf, draw);
  return <canvas ref={ref} />;
}

/** A frame in which every painter may draw. */
async function frame(): Promise<void> {
  await act(async () => {
    requestDraw();
    await new Promise(resolve => requestAnimationFrame(resolve));
  });
}

test('a canvas is drawn once it has a size, and then only where its key, its size or what it draws has changed', async () => {
  const { rerender, container } = render(<Picture name="a" />);
  await frame();
  expect(drawn).toEqual([]);
  await act(async () => tellSize(300, 20));
  await frame();
  await frame();
  expect(drawn).toEqual([['a', 300, 20]]);
  const canvas = container.querySelector('canvas');
  expect([canvas?.width, canvas?.height]).toEqual([300, 20]);
  key = 'second';
  await frame();
  await act(async () => tellSize(400, 20));
  await frame();
  rerender(<Picture name="b" />);
  await frame();
  expect(drawn.slice(1)).toEqual([
    ['a', 300, 20],
    ['a', 400, 20],
    ['b', 400, 20],
  ]);
});

test('a canvas keeps its size while what it shows changes, and is cleared', async () => {
  const { container } = render(<Picture name="a" />);
  await act(async () => tellSize(300, 20));
  await frame();
  const canvas = container.querySelector('canvas');
  const sized: string[] = [];
  const observer = new MutationObserver(changes =>
    sized.push(...changes.map(({ attributeName }) => attributeName ?? '')),
  );
  observer.observe(canvas as HTMLCanvasElement, { attributes: true });
  key = 'second';
  await frame();
  expect(drawn).toHaveLength(2);
  expect(sized).toEqual([]);
  expect(cleared).toEqual([[0, 0, 300, 20]]);
  await act(async () => tellSize(300, 30));
  await frame();
  expect(sized).toContain('height');
  expect(cleared).toHaveLength(1);
  observer.disconnect();
});
