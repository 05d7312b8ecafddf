/** The flags with which a relation of two disks is drawn: those of a state whose pattern and letter suit it. */
import { ABSENT, COMPRESSED, HOLE, LOCAL, OUT_OF_RANGE, UNREADABLE, ZERO } from '../extent/flags.ts';
import type { Relation } from './differences.ts';

/** Different relations are different states, so that a column that they share shows each of them. */
export const RELATION_FLAGS: Readonly<Record<Relation, number>> = {
  content: LOCAL,
  mayDiffer: LOCAL | COMPRESSED,
  unreadable: UNREADABLE,
  length: OUT_OF_RANGE,
  state: LOCAL | HOLE | ZERO,
  same: ABSENT | HOLE | ZERO,
};
