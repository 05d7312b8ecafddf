/** What the legend names: the states and marks that are drawn, each with its letter and its words. */

import { type ExtentState, STATES } from './extent/flags.ts';
import { STATE_LABELS, STATE_MEANINGS } from './legend.ts';
import type { OpenedChain } from './model/chain.ts';
import { PRESENT } from './model/tile.ts';

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

function ofState(state: ExtentState, letter: string): LegendEntry {
  return { letter, name: STATE_LABELS[state], meaning: `${STATE_MEANINGS[state]}.` };
}

/** Every state and mark. States are named and explained as on the command line. */
export const LEGEND: Readonly<Record<LegendKey, LegendEntry>> = {
  data: ofState('data', 'D'),
  compressed: ofState('compressed', 'C'),
  zeroAllocated: ofState('zeroAllocated', 'Z'),
  zeroHole: ofState('zeroHole', 'z'),
  unallocated: ofState('unallocated', '·'),
  reserved: ofState('reserved', 'r'),
  holeUnknown: ofState('holeUnknown', '?'),
  outOfRange: ofState('outOfRange', 'x'),
  unread: ofState('unread', '…'),
  unreadable: ofState('unreadable', '!'),
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

/** What states mean less surely where an NBD server tells of a whole chain and there are no tables to look into. */
const OVER_NBD: Partial<Readonly<Record<LegendKey, string>>> = {
  data: 'Data here, compressed or not: over NBD both look the same.',
  zeroHole: 'Reads zero. Over NBD it cannot be told what this hides, nor whether host space is kept.',
  unallocated:
    'Falls through to the layer below, or lies past this layer’s end: over NBD both look the same.',
};

/** What a state or mark means in this chain, in one or two sentences. */
export function meaningOf(key: LegendKey, chain: OpenedChain): string {
  return (isRemote(chain) ? OVER_NBD[key] : undefined) ?? LEGEND[key].meaning;
}

/** True for the export of an NBD server: one layer to us, however many the server has. */
export function isRemote({ chain }: OpenedChain): boolean {
  return chain.layers.some(layer => layer.format === 'nbd');
}

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
