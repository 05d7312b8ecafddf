import { axisBottom } from 'd3-axis';
import { scaleLinear } from 'd3-scale';
import { select as d3Select } from 'd3-selection';
import { useCallback, useRef } from 'react';
import type { OpenedChain } from '../../shared/ipc/contract.ts';
import { formatSize } from '../../shared/offset.ts';
import { tickLabels, ticksOf } from '../draw/ticks.ts';
import { now } from '../state/store.ts';
import { RangeChip } from './range-chip.tsx';
import { useAxisDrag } from './use-axis-drag.ts';
import { usePainter } from './use-painter.ts';

/** CSS pixels between ticks: room for a label of 12 hexadecimal digits. */
export const TICK_SPACING = 132;

/** CSS pixels of a character of an offset, and of the size beside it. */
const DIGIT = 6.7;
const LETTER = 5.8;
/** CSS pixels around and between the two. */
const AIR = 16;

/** The axis of the lanes; dragging on it chooses a range. */
export function Axis({ chain }: { readonly chain: OpenedChain }) {
  const ref = useRef<SVGSVGElement>(null);
  const span = useRef<HTMLElement>(null);
  const drag = useAxisDrag(chain);
  const drawn = useRef('');
  const paint = useCallback(() => {
    const svg = ref.current;
    const { viewport, width } = now();
    const key = `${viewport.start} ${viewport.end} ${width}`;
    if (svg === null || width === 0 || drawn.current === key) return;
    drawn.current = key;
    const ticks = ticksOf(viewport, width, TICK_SPACING);
    // Whole pixels, as the lines below have them.
    const scale = scaleLinear().domain([viewport.start, viewport.end]).rangeRound([0, width]);
    const axis = axisBottom(scale)
      .tickValues([...ticks])
      .tickSize(6)
      .offset(0.5)
      .tickFormat(() => '');
    const labels = ticks.map(tickLabels);
    const digits = Math.max(...labels.map(([offset]) => offset.length)) * DIGIT + AIR;
    const letters = Math.max(...labels.map(([, size]) => size.length)) * LETTER;
    const apart = scale(ticks[1] ?? Number.POSITIVE_INFINITY) - scale(ticks[0] ?? 0);
    const sized = apart > digits + letters;
    const group = d3Select(svg).select<SVGGElement>('g').call(axis);
    group.select('.domain').remove();
    group.selectAll<SVGGElement, number>('.tick').each(function (offset, i) {
      const [place, size] = labels[i] ?? ['', ''];
      // At the right edge no label is begun that would be cut.
      const room = width - scale(offset) > digits + (sized ? letters : 0);
      const label = this.querySelector('.tick-label') ?? appendLabel(this);
      setText(label.firstElementChild, room ? place : '');
      setText(label.lastElementChild, room && sized ? size : '');
    });
    setText(span.current, formatSize(Math.round(viewport.end - viewport.start)));
  }, []);
  usePainter(paint);
  return (
    <div className="axis-row">
      <div className="row-head">
        <span>In view</span>
        <b ref={span} />
      </div>
      <div className="axis" {...drag}>
        <svg ref={ref} width="100%" height="28" aria-hidden="true">
          <g />
        </svg>
        <RangeChip />
      </div>
    </div>
  );
}

function appendLabel(tick: SVGGElement): Element {
  const label = d3Select(tick).append('text').attr('class', 'tick-label').attr('x', 6).attr('y', 14);
  label.append('tspan');
  label.append('tspan').attr('class', 'tick-size').attr('dx', '0.6em');
  return label.node() as Element;
}

/** Writes a text where it is not the one that stands there: most frames only move the ticks, and lay out nothing. */
function setText(element: Element | null, text: string): void {
  if (element !== null && element.textContent !== text) element.textContent = text;
}
