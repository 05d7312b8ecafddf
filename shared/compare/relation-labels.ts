/** Labels and meanings of the relations of two disks, the same in the window and on the command line. */
import { formatSize } from '../text/offset.ts';
import type { Relation } from './differences.ts';

/** A relation for a person. */
export interface RelationLabel {
  /** A few words, in the middle of a sentence. */
  readonly label: string;
  readonly meaning: string;
}

/** The label of a side whose data lies past the end of its file. */
export const LOST_LABEL = 'lost, reads as zeros';

/** Every relation. */
export const RELATION_LABELS: Readonly<Record<Relation, RelationLabel>> = {
  content: { label: 'content differs', meaning: 'The guest reads other bytes here.' },
  mayDiffer: {
    label: 'content not compared',
    meaning: 'Data on one side or both that was not compared. It may differ.',
  },
  unreadable: {
    label: 'cannot be read',
    meaning: 'One side or both cannot be read here: never taken for the same.',
  },
  length: {
    label: 'past one end, zeros',
    meaning: 'One disk has ended; the longer one reads as zeros here.',
  },
  state: {
    label: 'stored otherwise',
    meaning: 'The guest reads the same, and it is stored otherwise: zeros and nothing, or compressed data.',
  },
  same: { label: 'same', meaning: 'The guest reads the same, and it is stored alike.' },
};

/** Why a comparison is not complete: bytes that cannot be read, else a file that changed meanwhile. */
export function incompleteComparisonText(unreadable: number): string {
  return unreadable > 0
    ? `Not everything could be compared: ${formatSize(unreadable)} cannot be read.`
    : 'A file has changed while it was compared: what was found may be out of date.';
}
