import type { PointerEvent } from 'react';
import type { SizeBounds } from '../state/window/preferences.ts';

/** Pixels that an arrow key moves it. */
const KEY_STEP_PX = 16;

interface DividerProps {
  readonly label: string;
  /** A vertical one is the left edge of what it resizes, a horizontal one the top edge. */
  readonly orientation: 'vertical' | 'horizontal';
  /** The size of its parent now, in CSS pixels. */
  readonly size: number;
  readonly bounds: SizeBounds;
  readonly onResize: (size: number) => void;
}

/** The edge of a panel that is dragged to resize it. Arrow keys move it, a double click gives it its first size. */
export function Divider({ label, orientation, size, bounds, onResize }: DividerProps) {
  const sizeAt = ({ currentTarget, clientX, clientY }: PointerEvent) => {
    const panel = (currentTarget.parentElement ?? currentTarget).getBoundingClientRect();
    return orientation === 'vertical' ? panel.right - clientX : panel.bottom - clientY;
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a separator that moves, not a rule
    <div
      className="divider"
      role="separator"
      tabIndex={0}
      aria-label={label}
      aria-orientation={orientation}
      aria-valuenow={size}
      aria-valuemin={bounds.min}
      aria-valuemax={bounds.max}
      onPointerDown={event => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={event => {
        if (event.currentTarget.hasPointerCapture(event.pointerId)) onResize(sizeAt(event));
      }}
      onDoubleClick={() => onResize(bounds.normal)}
      onKeyDown={event => {
        const [larger, smaller] =
          orientation === 'vertical' ? ['ArrowLeft', 'ArrowRight'] : ['ArrowUp', 'ArrowDown'];
        if (event.key === larger) onResize(size + KEY_STEP_PX);
        else if (event.key === smaller) onResize(size - KEY_STEP_PX);
      }}
    />
  );
}
