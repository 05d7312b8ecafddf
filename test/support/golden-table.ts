/**
 * What is known of the golden chain, range by range. test/golden/chains.test.ts proves it against qemu-img and nbdinfo, so
 * every other test may compare with this table. Offsets and lengths in bytes.
 */
import type { ExtentState } from '../../shared/extent/flags.ts';

/** The files of the golden chain. */
export type GoldenLayer = 'base' | 'mid' | 'top';

/** One row of `qemu-img map --output=json`. */
export interface QemuMapRow {
  readonly start: number;
  readonly length: number;
  readonly depth: number;
  readonly present: boolean;
  readonly zero: boolean;
  readonly data: boolean;
  /** Since qemu 8.2. */
  readonly compressed?: boolean;
  readonly offset?: number;
}

/** A range of the guest's disk in which nothing changes. */
export interface GoldenRow {
  readonly offset: number;
  readonly length: number;
  /** The state of every layer, as its own metadata tells it. */
  readonly states: Readonly<Record<GoldenLayer, ExtentState>>;
  /** The layer whose content is read, if any. */
  readonly owner: GoldenLayer | undefined;
  /** True where the owner hides content of a layer below. */
  readonly overrides: boolean;
}

const K = 1024;

function row(
  from: number,
  to: number,
  base: ExtentState,
  mid: ExtentState,
  top: ExtentState,
  owner?: GoldenLayer,
  overrides = false,
): GoldenRow {
  return {
    offset: from * 64 * K,
    length: (to - from) * 64 * K,
    states: { base, mid, top },
    owner,
    overrides,
  };
}

/** The golden table, in order and without gaps over the top layer's 1280 KiB. */
export const GOLDEN_TABLE: readonly GoldenRow[] = [
  row(0, 1, 'data', 'unallocated', 'unallocated', 'base'),
  row(1, 2, 'data', 'data', 'unallocated', 'mid', true),
  row(2, 3, 'data', 'unallocated', 'data', 'top', true),
  row(3, 4, 'data', 'zeroHole', 'unallocated', 'mid', true),
  row(4, 5, 'data', 'zeroAllocated', 'unallocated', 'mid', true),
  row(5, 6, 'data', 'zeroHole', 'unallocated', 'mid', true),
  row(6, 7, 'data', 'unallocated', 'compressed', 'top', true),
  row(7, 8, 'data', 'unallocated', 'unallocated', 'base'),
  row(8, 10, 'unallocated', 'unallocated', 'unallocated'),
  row(10, 11, 'unallocated', 'unallocated', 'zeroHole', 'top'),
  row(11, 16, 'unallocated', 'unallocated', 'unallocated'),
  row(16, 18, 'outOfRange', 'outOfRange', 'unallocated'),
  row(18, 19, 'outOfRange', 'outOfRange', 'data', 'top'),
  row(19, 20, 'outOfRange', 'outOfRange', 'unallocated'),
];

/** The state that a layer served alone over NBD can show: compressed is data there, and kept host space is not seen. */
export function stateOverNbd(state: ExtentState): ExtentState {
  if (state === 'compressed') return 'data';
  if (state === 'zeroAllocated') return 'zeroHole';
  return state === 'reserved' ? 'unallocated' : state;
}

/** `qemu-img map --output=json` of the golden chain's top. */
export const GOLDEN_QEMU_MAP: readonly QemuMapRow[] = [
  { start: 0, length: 65536, depth: 2, present: true, zero: false, data: true, offset: 327680 },
  { start: 65536, length: 65536, depth: 1, present: true, zero: false, data: true, offset: 327680 },
  { start: 131072, length: 65536, depth: 0, present: true, zero: false, data: true, offset: 327680 },
  { start: 196608, length: 65536, depth: 1, present: true, zero: true, data: false },
  { start: 262144, length: 65536, depth: 1, present: true, zero: true, data: false, offset: 393216 },
  { start: 327680, length: 65536, depth: 1, present: true, zero: true, data: false },
  { start: 393216, length: 65536, depth: 0, present: true, zero: false, data: true },
  { start: 458752, length: 65536, depth: 2, present: true, zero: false, data: true, offset: 786432 },
  { start: 524288, length: 131072, depth: 2, present: false, zero: true, data: false },
  { start: 655360, length: 65536, depth: 0, present: true, zero: true, data: false },
  { start: 720896, length: 327680, depth: 2, present: false, zero: true, data: false },
  { start: 1048576, length: 131072, depth: 0, present: false, zero: true, data: false },
  { start: 1179648, length: 65536, depth: 0, present: true, zero: false, data: true, offset: 458752 },
  { start: 1245184, length: 65536, depth: 0, present: false, zero: true, data: false },
];

/** What one export of the golden chain answers, by context: `offset length type`, ranges parted by bars. */
export interface GoldenExport {
  readonly layer: GoldenLayer;
  /** True for the layer without its backing files. */
  readonly alone: boolean;
  readonly 'base:allocation': string;
  readonly 'qemu:allocation-depth': string;
}

/** What qemu-nbd says of every layer, with and without what is below. */
export const GOLDEN_EXPORTS: readonly GoldenExport[] = [
  {
    layer: 'base',
    alone: false,
    'base:allocation': '0 524288 0 | 524288 524288 3',
    'qemu:allocation-depth': '0 524288 1 | 524288 524288 0',
  },
  {
    layer: 'mid',
    alone: false,
    'base:allocation': '0 196608 0 | 196608 196608 3 | 393216 131072 0 | 524288 524288 3',
    'qemu:allocation-depth':
      '0 65536 2 | 65536 65536 1 | 131072 65536 2 | 196608 196608 1 | 393216 131072 2 | 524288 524288 0',
  },
  {
    layer: 'top',
    alone: false,
    'base:allocation':
      '0 196608 0 | 196608 196608 3 | 393216 131072 0 | 524288 655360 3 | 1179648 65536 0 | 1245184 65536 3',
    'qemu:allocation-depth':
      '0 65536 3 | 65536 65536 2 | 131072 65536 1 | 196608 196608 2 | 393216 65536 1 | 458752 65536 3 | 524288 131072 0 | 655360 65536 1 | 720896 327680 0 | 1048576 131072 2 | 1179648 65536 1 | 1245184 65536 2',
  },
  {
    layer: 'mid',
    alone: true,
    'base:allocation': '0 65536 3 | 65536 65536 0 | 131072 917504 3',
    'qemu:allocation-depth': '0 65536 0 | 65536 65536 1 | 131072 65536 0 | 196608 196608 1 | 393216 655360 0',
  },
  {
    layer: 'top',
    alone: true,
    'base:allocation':
      '0 131072 3 | 131072 65536 0 | 196608 196608 3 | 393216 65536 0 | 458752 720896 3 | 1179648 65536 0 | 1245184 65536 3',
    'qemu:allocation-depth':
      '0 131072 0 | 131072 65536 1 | 196608 196608 0 | 393216 65536 1 | 458752 196608 0 | 655360 65536 1 | 720896 458752 0 | 1179648 65536 1 | 1245184 65536 0',
  },
];
