import { useCallback, useState } from 'react';
import { RELATION_LABELS } from '../../../shared/compare/relation-labels.ts';
import { relationOfPart } from '../../../shared/draw/difference-labels.ts';
import { STATES } from '../../../shared/extent/flags.ts';
import { PARTS } from '../../../shared/extent/parts.ts';
import { COMPARED_TRACKS } from '../../../shared/model/comparison.ts';
import { escapeUntrusted } from '../../../shared/text/untrusted-text.ts';
import { summarizeStrip } from '../../data/summary.ts';
import { drawnComparedStrip } from '../../state/compare/compared-strips.ts';
import { useFollower } from '../../ui/hooks/use-follower.ts';
import { stateName } from './state-labels.ts';

/** The text that describes a track to a screen reader: its shares of what is in view. It follows when the view has settled. */
export function useComparedSummary(track: number, name: string): string {
  const title = escapeUntrusted(name);
  const [summary, setSummary] = useState(`${title}: loading`);
  const update = useCallback(() => {
    const strip = drawnComparedStrip(track);
    if (strip === undefined) return;
    const shares = summarizeStrip(strip).shares.flatMap((share, state) =>
      share > 0 ? [`${percent(share)} ${nameOf(state, track)}`] : [],
    );
    setSummary(`${title}, in view: ${shares.length === 0 ? 'not known yet' : shares.join(', ')}`);
  }, [track, title]);
  useFollower('settled', update);
  return summary;
}

function nameOf(index: number, track: number): string {
  const state = STATES[index] ?? 'unread';
  if (track !== COMPARED_TRACKS.difference) return stateName(state);
  const relation = relationOfPart(PARTS.findIndex(part => part.state === state));
  return relation === undefined ? 'not compared yet' : RELATION_LABELS[relation].label;
}

function percent(share: number): string {
  return share < 0.01 ? 'less than 1 %' : `${Math.round(share * 100)} %`;
}
