/**
 * The one table of states and marks: what each is called, what it means, its letter and its color. The window's legend,
 * labels and tables, the drawn map and rows of the terminal, and reports all read from here.
 */
import type { ExtentState } from './extent/flags.ts';
import { isRemote, type OpenedChain } from './model/chain.ts';
import { PRESENT } from './model/tile.ts';
import type { TrackInfo } from './model/track.ts';
import type { PaletteKey } from './palette.ts';

/** A mark on a state. */
export type MarkKey = keyof typeof PRESENT;

/** A state or a mark. */
export type LegendKey = ExtentState | MarkKey;

/** How a state or mark is named, explained and drawn. */
export interface LegendEntry {
  /** A few words, in the middle of a sentence: `zero (no space)`. */
  readonly label: string;
  /** One or two sentences. */
  readonly meaning: string;
  /** One ASCII character, different for each state and for each mark. */
  readonly letter: string;
  /** What it is drawn in: the background and frame of a lane, or a color of the palette. */
  readonly color: PaletteKey | 'lane' | 'frame';
}

/** The entries of one chain. */
export type Legend = Readonly<Record<LegendKey, LegendEntry>>;

/** Every state, then every mark, as the tables of an image prove them. */
export const LEGEND: Legend = {
  data: { letter: 'D', color: 'data', label: 'data', meaning: 'Data here.' },
  compressed: { letter: 'C', color: 'compressed', label: 'compressed', meaning: 'Compressed data here.' },
  zeroAllocated: {
    letter: 'Z',
    color: 'zeroAllocated',
    label: 'zero (allocated)',
    meaning: 'Reads as zeros; its host space is kept. Hides anything below.',
  },
  zeroHole: {
    letter: 'z',
    color: 'zeroHole',
    label: 'zero (no space)',
    meaning: 'Reads as zeros without using space. Hides anything below.',
  },
  unallocated: {
    letter: '.',
    color: 'unallocated',
    label: 'unallocated',
    meaning: 'Not stored here: a layer below decides, else it reads as zeros.',
  },
  reserved: {
    letter: 'r',
    color: 'unallocated',
    label: 'reserved',
    meaning: 'Host space is kept; the content comes from the layer below.',
  },
  holeUnknown: {
    letter: '?',
    color: 'data',
    label: 'hole, unknown',
    meaning: 'A hole whose content is not known.',
  },
  outOfRange: {
    letter: 'x',
    color: 'outOfRange',
    label: 'past the end',
    meaning: 'Past the end of this layer, which is smaller than the disk.',
  },
  unread: {
    letter: '-',
    color: 'lane',
    label: 'not known',
    meaning: 'Not read yet, or hidden by a layer above and so not known.',
  },
  unreadable: {
    letter: '!',
    color: 'corrupt',
    label: 'unreadable',
    meaning: 'Damaged, past the end of the file, or not readable for an error of the system.',
  },
  overrides: {
    letter: 'v',
    color: 'override',
    label: 'override',
    meaning: 'This layer hides content that a layer below holds here.',
  },
  holeOverrides: {
    letter: '0',
    color: 'override',
    label: 'zeros that hide data',
    meaning:
      'Reads as zeros, but a lower layer still holds data here. A copy that skips holes would bring the old data back.',
  },
  shadowed: {
    letter: 's',
    color: 'frame',
    label: 'hidden by a shorter layer',
    meaning: 'A layer above ends before this offset, so what is stored here is not read.',
  },
  dirty: { letter: '^', color: 'dirty', label: 'dirty', meaning: 'Marked as changed in a dirty bitmap.' },
  dirtyUnknown: {
    letter: '~',
    color: 'dirty',
    label: 'dirty or clean: not known',
    meaning: 'A dirty bitmap cannot be used here, or is not read: what changed is not known.',
  },
  damaged: { letter: '!', color: 'corrupt', label: 'damaged', meaning: 'What this layer held here is lost.' },
  overridden: {
    letter: 'o',
    color: 'lane',
    label: 'hidden by a layer above',
    meaning: 'A layer above holds content here, so this is not read.',
  },
};

/** Where a qcow2 layer is read over NBD alone, which distinguishes fewer states. */
const OVER_NBD: Legend = {
  ...LEGEND,
  data: { ...LEGEND.data, meaning: 'Data here, compressed or not: over NBD both look the same.' },
  zeroHole: {
    ...LEGEND.zeroHole,
    label: 'zero',
    meaning: 'Reads as zeros. Over NBD it is not known whether host space is kept. Hides anything below.',
  },
};

/** Where one NBD export is a whole chain: neither its layers nor their sizes are known. */
const REMOTE: Legend = {
  ...OVER_NBD,
  zeroHole: {
    ...OVER_NBD.zeroHole,
    meaning: 'Reads as zeros. Over NBD it is not known what this hides, nor whether host space is kept.',
  },
  unallocated: {
    ...LEGEND.unallocated,
    meaning: 'Not stored in this layer, or past this layer’s end: over NBD both look the same.',
  },
};

/** The legend of a chain: it claims no more than the witnesses of its layers can tell apart. */
export function legendOf({ chain, tracks }: Pick<OpenedChain, 'chain' | 'tracks'>): Legend {
  if (isRemote({ chain })) return REMOTE;
  const byNbdAlone = ({ witness, layer }: TrackInfo) =>
    witness === 'nbd' && layer >= 0 && chain.layers[layer]?.format !== 'raw';
  return tracks.some(byNbdAlone) ? OVER_NBD : LEGEND;
}

/** The legend of ranges that are read from one NBD export, or from the tables of an image. */
export function legendOfWitness(witness: 'metadata' | 'nbd'): Legend {
  return witness === 'nbd' ? OVER_NBD : LEGEND;
}

/** A label where there is little room: up to a comma or parenthesis. */
export function shortLabel({ label }: LegendEntry): string {
  return label.replace(/(,| \().*$/, '');
}

/** Where no layer holds anything: on the guest's track there is nothing to fall through to. */
const NOTHING_STORED: LegendEntry = {
  ...LEGEND.unallocated,
  label: 'nothing stored, reads as zeros',
  meaning: 'No layer holds anything here, so it reads as zeros.',
};

/**
 * The legend of what the guest reads. Where the walk stops at the end of a short layer nothing is stored, as where every
 * layer is absent: the disk itself does not end there.
 */
export function legendOfGuest(legend: Legend): Legend {
  return { ...legend, unallocated: NOTHING_STORED, outOfRange: NOTHING_STORED };
}

/** The legend of one track: where nothing is stored, it says what that means on this track. */
export function legendOn(track: TrackInfo, opened: Pick<OpenedChain, 'chain' | 'tracks'>): Legend {
  const legend = legendOf(opened);
  if (track.kind === 'guest') return legendOfGuest(legend);
  if (track.layer !== 0 || isRemote(opened)) return legend;
  const meaning = opened.chain.complete
    ? 'Nothing is stored here. There is no layer below, so it reads as zeros.'
    : 'Falls through to the backing file, which is not open.';
  return {
    ...legend,
    unallocated: { ...legend.unallocated, meaning },
    reserved: { ...legend.reserved, meaning: `Host space is kept. ${meaning}` },
  };
}

/** Marks in the order of importance to a person. */
export const MARK_KEYS: readonly MarkKey[] = [
  'holeOverrides',
  'overrides',
  'shadowed',
  'damaged',
  'dirty',
  'dirtyUnknown',
  'overridden',
];

/** The marks in a mask of PRESENT, most important first; zeros that hide data are not also named an override. */
export function marksIn(present: number): readonly MarkKey[] {
  return MARK_KEYS.filter(
    mark => (present & PRESENT[mark]) !== 0 && !(mark === 'overrides' && present & PRESENT.holeOverrides),
  );
}
