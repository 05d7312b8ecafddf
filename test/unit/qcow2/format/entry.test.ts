import { describe, expect, it } from 'vitest';
import {
  BAD,
  COMPRESSED_DATA,
  DATA,
  entryKind,
  entryOffset,
  FLAGS_OF_KIND,
  RESERVED_SPACE,
  subclusterKind,
  UNALLOCATED,
  ZERO_ALLOCATED,
  ZERO_HOLE,
} from '../../../../electron/qcow2/format/entry.ts';
import { stateOf } from '../../../../shared/extent/flags.ts';

const RULES = { version: 3, clusterBits: 16, clusterSize: 65_536, extendedL2: false, dataFile: false };

it('gives every kind the word of its state', () => {
  expect(FLAGS_OF_KIND.map(stateOf)).toEqual([
    'unallocated',
    'data',
    'zeroHole',
    'zeroAllocated',
    'compressed',
    'reserved',
    'unreadable',
    'unreadable',
    'unreadable',
    'unread',
  ]);
});

it('keeps all bits of a host offset', () => {
  expect(entryOffset(0xffffffff, 0xffffffff)).toBe(2 ** 56 - 512);
});

describe('entryKind', () => {
  it.each([
    ['nothing', 0, 0, {}, UNALLOCATED],
    ['an offset', 0, 0x50000, {}, DATA],
    ['an offset above 2^32', 0x80000001, 0, {}, DATA],
    ['the zero flag', 0, 1, {}, ZERO_HOLE],
    ['the zero flag and an offset', 0x80000000, 0x50001, {}, ZERO_ALLOCATED],
    ['the compressed flag', 0x40000000, 0x123, {}, COMPRESSED_DATA],
    ['an offset off the boundary', 0, 0x50200, {}, BAD],
    ['zero in version 2', 0, 1, { version: 2 }, BAD],
    ['bit 0 with extended L2', 0, 0x50001, { extendedL2: true }, DATA],
    ['bit 0 alone with extended L2', 0, 1, { extendedL2: true }, UNALLOCATED],
    ['copied alone', 0x80000000, 0, {}, UNALLOCATED],
    ['copied alone in a data file', 0x80000000, 0, { dataFile: true }, BAD],
    ['the guest offset in a data file', 0, 0x70000, { dataFile: true }, DATA],
    ['zero at the guest offset in a data file', 0, 0x70001, { dataFile: true }, ZERO_ALLOCATED],
    ['zero and copied in a data file', 0x80000000, 1, { dataFile: true }, ZERO_HOLE],
    ['compressed in a data file', 0x40000000, 0x70000, { dataFile: true }, BAD],
  ])('%s', (_, hi, lo, rules, kind) => {
    expect(entryKind({ ...RULES, ...rules }, hi, lo, 0x70000)).toBe(kind);
  });

  it('takes offset 0 of a data file as its first cluster', () => {
    expect(entryKind({ ...RULES, dataFile: true }, 0x80000000, 0, 0)).toBe(DATA);
    expect(entryKind({ ...RULES, dataFile: true }, 0, 0, 0)).toBe(UNALLOCATED);
  });
});

describe('subclusterKind', () => {
  it.each([
    ['allocated', DATA, 0, 0b100, DATA],
    ['zero', DATA, 0b100, 0, ZERO_ALLOCATED],
    ['neither, with host space', DATA, 0b10, 0b1000, RESERVED_SPACE],
    ['another both', DATA, 0x80000000, 0x80000004, BAD],
    ['zero without host space', UNALLOCATED, 0b100, 0, ZERO_HOLE],
    ['neither', UNALLOCATED, 0b10, 0, UNALLOCATED],
    ['another allocated without host space', UNALLOCATED, 0, 0x80000000, BAD],
    ['compressed, whatever the bits', COMPRESSED_DATA, 4, 4, COMPRESSED_DATA],
    ['bad, whatever the bits', BAD, 0, 4, BAD],
  ])('%s', (_, cluster, zeroBits, allocBits, kind) => {
    expect(subclusterKind(cluster, zeroBits, allocBits, 2)).toBe(kind);
  });

  it('tells the first and the last subcluster', () => {
    expect(subclusterKind(DATA, 0, 0x80000001, 0)).toBe(DATA);
    expect(subclusterKind(DATA, 0, 0x80000001, 31)).toBe(DATA);
    expect(subclusterKind(DATA, 0x80000000, 1, 31)).toBe(ZERO_ALLOCATED);
  });
});
