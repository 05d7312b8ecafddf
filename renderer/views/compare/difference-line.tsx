import { useCallback, useState } from 'react';
import { RELATION_LABELS } from '../../../shared/compare/relation-labels.ts';
import { relationOfPart } from '../../../shared/draw/difference-labels.ts';
import { MIXED } from '../../../shared/draw/strip/column-strip.ts';
import { PARTS } from '../../../shared/extent/parts.ts';
import { COMPARED_TRACKS } from '../../../shared/model/comparison.ts';
import { formatOffset, formatSize } from '../../../shared/text/offset.ts';
import { type Probe, probeOffset } from '../../data/probe.ts';
import { dataOf } from '../../state/axes/axis-data.ts';
import type { ComparisonView } from '../../state/compare/compare-state.ts';
import { drawnComparedStrip } from '../../state/compare/compared-strips.ts';
import { hoveredOffset } from '../../state/selection/hovered-offset.ts';
import { getAxis, getState } from '../../state/store.ts';
import { useFollower } from '../../ui/hooks/use-follower.ts';
import { sideText, stateName } from './state-labels.ts';

/** One line: what lies under the pointer, else the chosen difference. */
export function DifferenceLine({ comparison }: { readonly comparison: ComparisonView }) {
  const [hovered, setHovered] = useState('');
  const follow = useCallback(() => setHovered(hoveredText()), []);
  useFollower('paced', follow);
  const text = hovered === '' ? chosenText(comparison) : hovered;
  return (
    <p className="compare-line">
      {text === '' ? 'Point at a lane, or press N for the next difference.' : text}
    </p>
  );
}

function chosenText({ chosen, opened }: ComparisonView): string {
  if (chosen === undefined) return '';
  const { start, length, kind, a, b } = chosen;
  return `${formatOffset(start)}, ${formatSize(length)}: ${RELATION_LABELS[kind].label}. A: ${sideText(a, opened.a)}. B: ${sideText(b, opened.b)}.`;
}

function hoveredText(): string {
  const offset = hoveredOffset();
  if (getState().hover?.axis !== 'compare' || offset === undefined) return '';
  const { viewport } = getAxis('compare');
  const at = (track: number) =>
    probeOffset(dataOf('compare').loader, drawnComparedStrip(track), viewport, track, offset);
  const [a, b, difference] = [COMPARED_TRACKS.a, COMPARED_TRACKS.b, COMPARED_TRACKS.difference].map(at);
  const parts = [relationText(difference), `A: ${stateText(a)}`, `B: ${stateText(b)}`];
  return `${formatOffset(offset)}: ${parts.join('. ')}.`;
}

function stateText(found: Probe | undefined): string {
  if (found === undefined) return 'not known yet';
  return found.part === MIXED ? 'several ranges' : stateName(PARTS[found.part]?.state ?? 'unread');
}

function relationText(found: Probe | undefined): string {
  if (found === undefined) return 'not compared yet';
  if (found.part === MIXED) return 'several ranges in this pixel';
  const relation = relationOfPart(found.part);
  return relation === undefined ? 'not compared yet' : RELATION_LABELS[relation].label;
}
