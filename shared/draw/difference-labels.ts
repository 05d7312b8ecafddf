/** What is written on the runs of the track of differences. */
import type { Relation } from '../compare/differences.ts';
import { RELATION_FLAGS } from '../compare/relation-flags.ts';
import { RELATION_LABELS } from '../compare/relation-labels.ts';
import { stateOf } from '../extent/flags.ts';
import { PARTS, type PartIndex } from '../extent/parts.ts';
import type { RunLabels } from './painting.ts';

const BY_STATE = new Map(
  (Object.keys(RELATION_FLAGS) as Relation[]).map(relation => [stateOf(RELATION_FLAGS[relation]), relation]),
);

/** The relation that a part of the track stands for; undefined for what was not compared yet. */
export function relationOfPart(part: PartIndex): Relation | undefined {
  const state = PARTS[part]?.state;
  return state === undefined ? undefined : BY_STATE.get(state);
}

const LABELS = PARTS.map((_, part) => {
  const relation = relationOfPart(part);
  if (relation === undefined) return ['not compared yet'];
  const { label } = RELATION_LABELS[relation];
  return [label, label.replace(/,.*$/, '')];
});

/** The labels of a run. */
export const differenceLabels: RunLabels = ({ part }) => LABELS[part] ?? [];
