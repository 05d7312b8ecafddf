/** What is written on the runs of a disk, and said of them. */
import { LOST_LABEL } from '../../../shared/compare/relation-labels.ts';
import type { RunLabels } from '../../../shared/draw/painting.ts';
import type { ExtentState } from '../../../shared/extent/flags.ts';
import { PARTS } from '../../../shared/extent/parts.ts';
import { LEGEND } from '../../../shared/legend.ts';
import type { ComparedDiskInfo, ComparedState } from '../../../shared/model/comparison.ts';
import { escapeUntrusted } from '../../../shared/text/untrusted-text.ts';

/** A state of a whole disk in words: where no layer holds anything, nothing is stored. */
export function stateName(state: ExtentState): string {
  return state === 'unallocated' || state === 'reserved' ? 'nothing stored' : LEGEND[state].label;
}

const LABELS = PARTS.map(({ state }) => [stateName(state), LEGEND[state].letter]);

/** The labels of a run. */
export const stateLabels: RunLabels = ({ part }) => LABELS[part] ?? [];

/** What one side of a difference is, and which layer holds it. */
export function sideText({ state, layer, lost }: ComparedState, disk: ComparedDiskInfo): string {
  const what = lost === true ? LOST_LABEL : stateName(state);
  const name = layer < 0 || disk.layers.length < 2 ? undefined : disk.layers[layer];
  return name === undefined ? what : `${what} · ${escapeUntrusted(name, 40)}`;
}
