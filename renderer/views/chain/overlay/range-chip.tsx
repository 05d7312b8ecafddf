import { useCallback, useRef } from 'react';
import { formatOffset, formatSize } from '../../../../shared/text/offset.ts';
import { pxOf } from '../../../axis/scale.ts';
import { navigationOf } from '../../../state/axes/axis-navigation.ts';
import { copySelection } from '../../../state/selection/track-actions.ts';
import { getAxis, getState, setState, useStore } from '../../../state/store.ts';
import { showDrawerTab } from '../../../state/window/drawer.ts';
import { usePainter } from '../../../ui/hooks/use-painter.ts';
import { Icon } from '../../../ui/icon.tsx';

/** The chosen range, over the axis: what it spans and what can be done with it. */
export function RangeChip() {
  const range = useStore(state => state.range);
  const ref = useRef<HTMLElement>(null);
  const paint = useCallback(() => {
    const chip = ref.current;
    const { range: chosen } = getState();
    const { viewport, width } = getAxis('guest');
    if (chip === null || chosen === undefined) return;
    const middle = pxOf(viewport, (chosen.start + chosen.end) / 2, width);
    const left = Math.min(Math.max(middle - chip.offsetWidth / 2, 0), Math.max(width - chip.offsetWidth, 0));
    chip.style.transform = `translateX(${Math.round(left)}px)`;
  }, []);
  usePainter(paint);
  if (range === undefined) return null;
  return (
    <section className="range-chip" ref={ref} aria-label="Chosen range">
      <span className="mono">
        {formatOffset(range.start)} – {formatOffset(range.end - 1)}
      </span>
      <b>{formatSize(range.end - range.start)}</b>
      <button type="button" onClick={() => navigationOf('guest').fitRange(range.start, range.end)}>
        Zoom
      </button>
      <button type="button" onClick={() => showDrawerTab('statistics')}>
        Statistics
      </button>
      <button type="button" onClick={copySelection}>
        Copy
      </button>
      <button
        type="button"
        className="tool"
        aria-label="Clear the range"
        onClick={() => setState({ range: undefined, statistics: undefined })}
      >
        <Icon name="close" />
      </button>
    </section>
  );
}
