/** What the legend names: the states and marks that are drawn, each with its letter and its words. */

import { type ExtentState, STATES } from '../../shared/extent/flags.ts';
import { STATE_LABELS } from '../../shared/extent/labels.ts';
import { PRESENT } from '../../shared/ipc/contract.ts';

/** A mark on a state. */
export type MarkKey = keyof typeof PRESENT;

/** A state or a mark. */
export type LegendKey = ExtentState | MarkKey;

/** How a state or mark is named to a person. */
export interface LegendEntry {
  readonly letter: string;
  /** A few words for labels and the legend. */
  readonly name: string;
  /** One sentence. */
  readonly meaning: string;
}

/** Every state and mark. States are named as the command line names them. */
export const LEGEND: Readonly<Record<LegendKey, LegendEntry>> = {
  data: { letter: 'D', name: STATE_LABELS.data, meaning: 'This layer holds data here.' },
  compressed: {
    letter: 'C',
    name: STATE_LABELS.compressed,
    meaning: 'This layer holds compressed data here.',
  },
  zeroAllocated: {
    letter: 'Z',
    name: STATE_LABELS.zeroAllocated,
    meaning: 'Reads as zeros; space in the file is still kept for it. Hides the layers below.',
  },
  zeroHole: {
    letter: 'z',
    name: STATE_LABELS.zeroHole,
    meaning: 'Reads as zeros and takes no space in the file. Hides the layers below.',
  },
  unallocated: {
    letter: '·',
    name: STATE_LABELS.unallocated,
    meaning: 'Nothing here: the layer below decides.',
  },
  reserved: {
    letter: 'r',
    name: STATE_LABELS.reserved,
    meaning: 'Space in the file is kept, but the layer below decides what is read.',
  },
  holeUnknown: {
    letter: '?',
    name: STATE_LABELS.holeUnknown,
    meaning: 'The server calls this a hole without saying that it reads as zeros.',
  },
  outOfRange: { letter: 'x', name: STATE_LABELS.outOfRange, meaning: 'This layer ends before this offset.' },
  unread: { letter: '…', name: STATE_LABELS.unread, meaning: 'Nothing is known here yet.' },
  unreadable: { letter: '!', name: STATE_LABELS.unreadable, meaning: 'This part could not be read.' },
  overrides: {
    letter: 'v',
    name: 'override',
    meaning: 'This layer hides content that a layer below holds here.',
  },
  holeOverrides: {
    letter: '0',
    name: 'hole that overrides',
    meaning: 'Reads as zeros over data of a layer below: a copier that skips holes brings the old data back.',
  },
  shadowed: {
    letter: 's',
    name: 'hidden by a shorter layer',
    meaning: 'A layer above ends before this offset, so what is held here is not read.',
  },
  dirty: { letter: '^', name: 'dirty', meaning: 'Set in the dirty bitmap.' },
  damaged: { letter: '!', name: 'damaged', meaning: 'A finding touches this place.' },
  overridden: {
    letter: 'o',
    name: 'overridden',
    meaning: 'A layer above holds content here, so this is not read.',
  },
};

/** Marks in the order of importance to a person. */
export const MARK_KEYS: readonly MarkKey[] = [
  'holeOverrides',
  'overrides',
  'shadowed',
  'damaged',
  'dirty',
  'overridden',
];

/** The marks in a mask of PRESENT, most important first; a hole that overrides is not also named an override. */
export function marksIn(present: number): readonly MarkKey[] {
  return MARK_KEYS.filter(
    mark => (present & PRESENT[mark]) !== 0 && !(mark === 'overrides' && present & PRESENT.holeOverrides),
  );
}

/** The state of an index. */
export function stateAt(index: number): ExtentState {
  return STATES[index] ?? 'unread';
}
