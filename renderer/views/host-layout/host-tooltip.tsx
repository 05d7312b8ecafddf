import { useCallback, useRef } from 'react';
import { type HostStrip, kindOfColumn } from '../../../shared/draw/host/host-strip.ts';
import { HOST_KINDS } from '../../../shared/model/layout.ts';
import { HOST_KIND_NAMES } from '../../../shared/text/host-kinds.ts';
import { formatOffset } from '../../../shared/text/offset.ts';
import { hoveredOffset } from '../../state/selection/hovered-offset.ts';
import { getAxis, getState } from '../../state/store.ts';
import { usePainter } from '../../ui/hooks/use-painter.ts';
import { setText } from '../../ui/text.tsx';

/** Kinds that are named of a column which several share. */
const SHOWN_KINDS = 4;
/** CSS pixels that the tooltip is moved inward at the right edge. */
const WIDTH_PX = 260;

/** What is under the pointer: the offset in the file and what lies there. */
export function HostTooltip({ strip }: { readonly strip: HostStrip | undefined }) {
  const ref = useRef<HTMLDivElement>(null);
  const paint = useCallback(() => {
    const element = ref.current;
    if (element === null) return;
    const { hover } = getState();
    const offset = hover?.axis === 'host' ? hoveredOffset() : undefined;
    element.hidden = offset === undefined || strip === undefined;
    if (hover === undefined || offset === undefined || strip === undefined) return;
    const { width } = getAxis('host');
    setText(element, `${formatOffset(offset)} · ${kindsAt(strip, hover.px / Math.max(width, 1))}`);
    element.style.transform = `translateX(${Math.max(0, Math.min(hover.px, width - WIDTH_PX))}px)`;
  }, [strip]);
  usePainter(paint);
  return <div className="host-tooltip" ref={ref} hidden aria-hidden="true" />;
}

/** The kinds at a share of the strip's width, the largest first. */
function kindsAt(strip: HostStrip, at: number): string {
  const column = Math.min(strip.width - 1, Math.max(0, Math.floor(at * strip.width)));
  const whole = kindOfColumn(strip, column);
  const one = HOST_KINDS[whole];
  if (one !== undefined) return HOST_KIND_NAMES[one];
  if (whole === -2) return 'not loaded';
  const shares = HOST_KINDS.map((kind, i) => ({
    kind,
    share: strip.shares[column * HOST_KINDS.length + i] as number,
  }))
    .filter(({ share }) => share > 0)
    .sort((a, b) => b.share - a.share);
  const named = shares
    .slice(0, SHOWN_KINDS)
    .map(({ kind, share }) => `${HOST_KIND_NAMES[kind]} ${percent(share)}`);
  return [...named, ...(shares.length > SHOWN_KINDS ? ['…'] : [])].join(', ');
}

function percent(share: number): string {
  return share < 0.01 ? 'under 1 %' : `${Math.round(share * 100)} %`;
}
