/** What is wrong with L1 and L2 entries, and where a file that ends too early cuts them. */
import { describe, expect, it } from 'vitest';
import type { EntryRules } from '../../../../electron/qcow2/format/entry.ts';
import {
  checkEntry,
  checkL1Entry,
  lostSubclusters,
  type RawEntry,
  reachOf,
} from '../../../../electron/qcow2/format/entry-rules.ts';

const CLUSTER = 65_536;
const SUBCLUSTER = CLUSTER / 32;
const HOST = 0x5_0000;
const GUEST = 0x3_0000;
const COPIED = 0x8000_0000;
const COMPRESSED = 0x4000_0000;
const ALL = 0xffff_ffff;

const PLAIN: EntryRules = {
  version: 3,
  clusterBits: 16,
  clusterSize: CLUSTER,
  extendedL2: false,
  dataFile: false,
};
const EXTENDED = { ...PLAIN, extendedL2: true };
const DATA_FILE = { ...PLAIN, dataFile: true };

const entry = (more: Partial<RawEntry>): RawEntry => ({ hi: 0, lo: 0, zeroBits: 0, allocBits: 0, ...more });

/** The fault of an entry in a file of so many bytes, as `kind code`. */
function faultOf(rules: EntryRules, more: Partial<RawEntry>, fileSize = 0x10_0000): string | undefined {
  const fault = checkEntry(rules, entry(more), GUEST, fileSize);
  return fault && `${fault.kind} ${fault.code}`;
}

describe('an L2 entry', () => {
  it.each<[string, EntryRules, Partial<RawEntry>, string | undefined]>([
    ['of nothing', PLAIN, {}, undefined],
    ['of data', PLAIN, { hi: COPIED, lo: HOST }, undefined],
    ['of zeros with host space', PLAIN, { lo: HOST | 1 }, undefined],
    ['of zeros in version 2', { ...PLAIN, version: 2 }, { lo: HOST | 1 }, 'invalid QCOW2_ZERO_IN_V2'],
    ['between clusters', PLAIN, { lo: HOST + 512 }, 'invalid QCOW2_ENTRY_UNALIGNED'],
    ['with reserved bits', PLAIN, { lo: HOST | 2 }, 'unusual QCOW2_ENTRY_RESERVED'],
    [
      'of a data file at another offset',
      DATA_FILE,
      { hi: COPIED, lo: HOST },
      'invalid QCOW2_DATA_FILE_OFFSET',
    ],
    ['of a data file at the offset of the guest', DATA_FILE, { hi: COPIED, lo: GUEST }, undefined],
    ['of subclusters', EXTENDED, { lo: HOST, zeroBits: 1, allocBits: 2 }, undefined],
    [
      'of a subcluster that is both',
      EXTENDED,
      { lo: HOST, zeroBits: 3, allocBits: 2 },
      'invalid QCOW2_SUBCLUSTER_BOTH',
    ],
    ['of a subcluster without host space', EXTENDED, { allocBits: 2 }, 'invalid QCOW2_SUBCLUSTER_NOWHERE'],
    [
      'of subclusters with the zero flag',
      EXTENDED,
      { lo: HOST | 1, allocBits: 1 },
      'unusual QCOW2_ENTRY_RESERVED',
    ],
    ['of compressed data', PLAIN, { hi: COMPRESSED, lo: HOST }, undefined],
    [
      'of compressed data with the copied flag',
      PLAIN,
      { hi: COMPRESSED | COPIED, lo: HOST },
      'unusual QCOW2_ENTRY_RESERVED',
    ],
    [
      'of compressed data with subclusters',
      EXTENDED,
      { hi: COMPRESSED, lo: HOST, allocBits: 1 },
      'unusual QCOW2_ENTRY_RESERVED',
    ],
    [
      'of compressed data beside a data file',
      DATA_FILE,
      { hi: COMPRESSED, lo: HOST },
      'invalid QCOW2_COMPRESSED_WITH_DATA_FILE',
    ],
  ])('%s', (_, rules, more, expected) => {
    expect(faultOf(rules, more)).toBe(expected);
  });

  it('of data is whole, cut or lost, as far as the file goes', () => {
    const at = (fileSize: number) => faultOf(PLAIN, { lo: HOST }, fileSize);
    expect(at(HOST + CLUSTER)).toBeUndefined();
    expect(at(HOST + CLUSTER - 1)).toBe('cut QCOW2_CLUSTER_CUT');
    expect(at(HOST + 1)).toBe('cut QCOW2_CLUSTER_CUT');
    expect(at(HOST)).toBe('pastEnd QCOW2_PAST_END');
  });

  it('of host space without data is no loss past the end', () => {
    for (const [rules, more] of [
      [PLAIN, { lo: HOST | 1 }],
      [EXTENDED, { lo: HOST, zeroBits: 1 }],
    ] as const) {
      expect(faultOf(rules, more, HOST + 1)).toBeUndefined();
      expect(faultOf(rules, more, HOST)).toBe('spare QCOW2_SPACE_PAST_END');
    }
  });

  it('of compressed data is lost where its stream would begin past the end', () => {
    expect(faultOf(PLAIN, { hi: COMPRESSED, lo: HOST }, HOST + 1)).toBeUndefined();
    expect(faultOf(PLAIN, { hi: COMPRESSED, lo: HOST }, HOST)).toBe('pastEnd QCOW2_PAST_END');
  });
});

describe('the subclusters that a file loses', () => {
  const lost = (fileSize: number, allocBits = ALL) =>
    lostSubclusters(EXTENDED, entry({ lo: HOST, allocBits }), fileSize);

  it('are those that begin past its end', () => {
    expect(lost(HOST + CLUSTER)).toBe(0);
    expect(lost(HOST + CLUSTER - 1)).toBe(0);
    expect(lost(HOST + 31 * SUBCLUSTER + 1)).toBe(0);
    expect(lost(HOST + 31 * SUBCLUSTER)).toBe(0x8000_0000);
    expect(lost(HOST + SUBCLUSTER)).toBe(0xffff_fffe);
    expect(lost(HOST)).toBe(ALL);
    expect(lost(HOST - CLUSTER)).toBe(ALL);
  });

  it('are none that hold no data', () => {
    expect(lost(HOST + SUBCLUSTER, 1)).toBe(0);
    expect(lost(HOST, 0b110)).toBe(0b110);
    expect(lostSubclusters(EXTENDED, entry({ hi: COMPRESSED, lo: HOST, allocBits: ALL }), 0)).toBe(0);
  });

  it('are the cluster where it has none', () => {
    const plain = (lo: number, fileSize: number) => lostSubclusters(PLAIN, entry({ lo }), fileSize);
    expect([plain(HOST, HOST), plain(HOST, HOST + 1), plain(HOST | 1, HOST), plain(0, 0)]).toEqual([
      1, 0, 0, 0,
    ]);
  });
});

it('an L1 entry is refused between clusters and past the end, and unusual with reserved bits', () => {
  const fault = (rules: EntryRules, hi: number, lo: number, host: number, fileSize = 0x10_0000) =>
    checkL1Entry(rules, hi, lo, host, fileSize)?.code;
  expect(fault(PLAIN, COPIED, HOST, HOST)).toBeUndefined();
  expect(fault(PLAIN, 0, HOST + 512, HOST + 512)).toBe('QCOW2_L1_UNALIGNED');
  expect(fault({ ...PLAIN, version: 1 }, 0, HOST + 512, HOST + 512)).toBeUndefined();
  expect(fault(PLAIN, 0, HOST, HOST, HOST + 1)).toBeUndefined();
  expect(fault(PLAIN, 0, HOST, HOST, HOST)).toBe('QCOW2_PAST_END');
  expect(fault(PLAIN, 0, HOST | 1, HOST)).toBe('QCOW2_ENTRY_RESERVED');
  expect(fault(PLAIN, 0x0100_0000, HOST, HOST)).toBe('QCOW2_ENTRY_RESERVED');
});

it('an entry reaches to the end of its cluster, and a stream to its first byte', () => {
  expect(reachOf(PLAIN, entry({ lo: HOST | 1 }))).toBe(HOST + CLUSTER);
  expect(reachOf(PLAIN, entry({ hi: COMPRESSED, lo: HOST + 5 }))).toBe(HOST + 6);
  expect(reachOf({ ...PLAIN, version: 1 }, entry({ lo: HOST }))).toBe(HOST + CLUSTER);
  expect(reachOf({ ...PLAIN, version: 1 }, entry({ hi: COPIED, lo: HOST }))).toBe(HOST + 1);
});
